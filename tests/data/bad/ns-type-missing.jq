# expect: carte-runtime: create '@ID@': config.json: linux.namespaces[6].type: required field is missing
.linux.namespaces += [{path: "/proc/self/ns/user"}]
