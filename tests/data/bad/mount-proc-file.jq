# expect: carte-runtime: create '@ID@': config.json: mounts[0]: mount proc on /proc: the mount point in the root is not a folder
# setup: rmdir rootfs/proc; : >rootfs/proc
.
