# expect: carte-runtime: create '@ID@': config.json: linux.uidMappings[1].containerID: overlaps linux.uidMappings[0]
.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 10}, {containerID: 5, hostID: 200000, size: 10}] | .linux.gidMappings = .linux.uidMappings
