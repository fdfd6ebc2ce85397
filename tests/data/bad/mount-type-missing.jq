# expect: carte-runtime: create '@ID@': config.json: mounts[7].type: required unless it is a bind mount
.mounts += [{destination: "/tmp", source: "tmpfs"}]
