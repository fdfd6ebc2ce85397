# expect: carte-runtime: create '@ID@': config.json: root.path: @BUNDLE@/rootfs: is a symlink or below one
# setup: mv rootfs real; ln -s real rootfs
.
