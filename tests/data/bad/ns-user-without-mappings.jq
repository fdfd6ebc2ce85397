# expect: carte-runtime: create '@ID@': config.json: linux.namespaces: a new user namespace needs linux.uidMappings and linux.gidMappings
.linux.namespaces += [{type: "user"}]
