# expect: carte-runtime: create '@ID@': config.json: mounts[7]: mount tmpfs on /data: /data: mount point in the root: Too many levels of symbolic links
# setup: ln -s data rootfs/data
.mounts += [{destination: "/data", source: "tmpfs", type: "tmpfs"}]
