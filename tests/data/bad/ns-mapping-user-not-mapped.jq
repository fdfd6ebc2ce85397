# expect: carte-runtime: create '@ID@': config.json: process.user.uid: 1000 is not mapped in the user namespace
.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 10}] | .linux.gidMappings = .linux.uidMappings | .process.user.uid = 1000
