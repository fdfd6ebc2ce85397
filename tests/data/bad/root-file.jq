# expect: carte-runtime: create '@ID@': config.json: root.path: @BUNDLE@/rootfs: is not a folder
# setup: rm -r rootfs; : >rootfs
.
