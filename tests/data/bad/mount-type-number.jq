# expect: carte-runtime: create '@ID@': config.json: mounts[7].type: expected string, got number
.mounts += [{destination: "/tmp", source: "none", type: 3}]
