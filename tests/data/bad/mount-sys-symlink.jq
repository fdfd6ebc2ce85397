# expect: carte-runtime: create '@ID@': config.json: mounts[5]: mount sysfs on /sys: /sys must be a real folder in the root, not a symlink or below one
# setup: rmdir rootfs/sys; ln -s /etc rootfs/sys
.
