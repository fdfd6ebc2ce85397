# expect: carte-runtime: create '@ID@': config.json: linux.uidMappings[0].hostID: 4294967290 and 10 ids from there end above 4294967294
.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 4294967290, size: 10}] | .linux.gidMappings = .linux.uidMappings
