# expect: carte-runtime: create '@ID@': config.json: mounts[7]: mount tmpfs on /data: the mount point in the root is not a folder
# setup: : >rootfs/data
.root.readonly = false | .mounts += [{destination: "/data", source: "tmpfs", type: "tmpfs"}]
