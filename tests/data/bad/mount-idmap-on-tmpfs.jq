# expect: carte-runtime: create '@ID@': config.json: mounts[7]: only bind mounts can be id-mapped
.mounts += [{destination: "/tmp", source: "tmpfs", type: "tmpfs", uidMappings: [{containerID: 0, hostID: 1000, size: 1}], gidMappings: [{containerID: 0, hostID: 1000, size: 1}]}]
