# expect: carte-runtime: create '@ID@': config.json: mounts[7].destination: required field is missing
.mounts += [{source: "/srv", type: "bind"}]
