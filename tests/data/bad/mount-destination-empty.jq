# expect: carte-runtime: create '@ID@': config.json: mounts[7].destination: required
.mounts += [{destination: "", source: "tmpfs", type: "tmpfs"}]
