# expect: carte-runtime: create '@ID@': config.json: mounts[7].uidMappings[1].containerID: overlaps mounts[7].uidMappings[0]
.mounts += [{destination: "/tmp", source: ".", type: "bind", options: ["bind", "idmap"], uidMappings: [{containerID: 0, hostID: 1000, size: 5}, {containerID: 2, hostID: 5000, size: 5}], gidMappings: [{containerID: 0, hostID: 1000, size: 1}]}]
