# expect: carte-runtime: create '@ID@': config.json: mounts[7].destination: /proc/nowhere: cannot be mounted because it is inside /proc
.mounts += [{destination: "/proc/nowhere", source: "tmpfs", type: "tmpfs"}]
