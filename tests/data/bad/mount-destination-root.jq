# expect: carte-runtime: create '@ID@': config.json: mounts[7].destination: nothing can be mounted on /
.mounts += [{destination: "/", source: "tmpfs", type: "tmpfs"}]
