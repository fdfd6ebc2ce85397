# expect: carte-runtime: create '@ID@': config.json: linux.uidMappings[0].containerID: expected integer from 0 to 4294967295, got -1
.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: -1, hostID: 0, size: 1}]
