# expect: carte-runtime: create '@ID@': config.json: linux.uidMappings[0].size: must be above 0
.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 0}] | .linux.gidMappings = [{containerID: 0, hostID: 100000, size: 1}]
