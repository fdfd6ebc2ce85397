# expect: carte-runtime: create '@ID@': config.json: mounts[7]: mount tmpfs on /bin/true/x: /bin/true/x: mount point in the root: Not a directory
.mounts += [{destination: "/bin/true/x", source: "tmpfs", type: "tmpfs"}]
