# expect: carte-runtime: create '@ID@': config.json: linux.mountLabel: SELinux is not enabled on this host
# status: 7
# needs: no-file:/sys/fs/selinux/enforce
.linux.mountLabel = "system_u:object_r:container_file_t:s0"
