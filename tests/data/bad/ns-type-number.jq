# expect: carte-runtime: create '@ID@': config.json: linux.namespaces[6].type: expected string, got number
.linux.namespaces += [{type: 1}]
