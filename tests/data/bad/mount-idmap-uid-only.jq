# expect: carte-runtime: create '@ID@': config.json: mounts[7].gidMappings: required with uidMappings
.mounts += [{destination: "/tmp", source: ".", type: "bind", options: ["bind"], uidMappings: [{containerID: 0, hostID: 1000, size: 1}]}]
