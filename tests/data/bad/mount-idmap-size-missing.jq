# expect: carte-runtime: create '@ID@': config.json: mounts[7].uidMappings[0].size: required field is missing
.mounts += [{destination: "/tmp", source: ".", type: "bind", options: ["bind"], uidMappings: [{containerID: 0, hostID: 1000}]}]
