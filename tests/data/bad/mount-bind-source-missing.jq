# expect: carte-runtime: create '@ID@': config.json: mounts[7].source: required for a bind mount
.mounts += [{destination: "/tmp", type: "bind", options: ["rbind"]}]
