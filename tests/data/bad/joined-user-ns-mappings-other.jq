# expect: carte-runtime: create '@ID@': config.json: linux.uidMappings: is not the mapping that the joined user namespace has
.linux.namespaces += [{type: "user", path: "/proc/self/ns/user"}]
| .linux.uidMappings = [{containerID: 0, hostID: 200000, size: 65536}] | .linux.gidMappings = .linux.uidMappings
