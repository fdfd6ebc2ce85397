# expect: carte-runtime: create '@ID@': config.json: linux.gidMappings[1].hostID: overlaps linux.gidMappings[0]
.linux.namespaces += [{type: "user"}] | .linux.gidMappings = [{containerID: 0, hostID: 100000, size: 10}, {containerID: 100, hostID: 100009, size: 10}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 1}]
