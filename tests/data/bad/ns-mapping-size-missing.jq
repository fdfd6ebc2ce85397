# expect: carte-runtime: create '@ID@': config.json: linux.uidMappings[0].size: required field is missing
.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000}]
