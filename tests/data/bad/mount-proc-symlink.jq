# expect: carte-runtime: create '@ID@': config.json: mounts[0]: mount proc on /proc: /proc must be a real folder in the root, not a symlink or below one
# setup: rmdir rootfs/proc; mkdir rootfs/other; ln -s other rootfs/proc
.
