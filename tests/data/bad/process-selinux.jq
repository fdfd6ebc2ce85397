# expect: carte-runtime: create '@ID@': config.json: process.selinuxLabel: SELinux is not enabled on this host
# status: 7
# needs: no-file:/sys/fs/selinux/enforce
.process.selinuxLabel = "system_u:system_r:container_t:s0"
