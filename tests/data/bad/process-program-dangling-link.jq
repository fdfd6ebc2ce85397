# expect: carte-runtime: create '@ID@': exec: "/bin/ls": stat /bin/ls: no such file or directory
# status: 1
# setup: ln -s /bin/busybox rootfs/bin/ls
.process.args = ["/bin/ls"]
