# expect: carte-runtime: create '@ID@': config.json: linux.gidMappings: required with linux.uidMappings
.linux.namespaces += [{type: "user", path: "/proc/self/ns/user"}]
| .linux.uidMappings = [{containerID: 0, hostID: 200000, size: 65536}]
