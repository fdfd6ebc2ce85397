# expect: carte-runtime: create '@ID@': config.json: linux.uidMappings: mappings need a user namespace in linux.namespaces
.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]
