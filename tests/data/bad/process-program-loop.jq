# expect: carte-runtime: create '@ID@': exec: "/bin/loop": stat /bin/loop: too many levels of symbolic links
# status: 1
# setup: ln -s loop rootfs/bin/loop
.process.args = ["/bin/loop"]
