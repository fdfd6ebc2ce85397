# expect: carte-runtime: create '@ID@': exec: "/bin/loop": stat /bin/loop: too many levels of symbolic links
# setup: ln -s loop rootfs/bin/loop
.process.args = ["/bin/loop"]
