# expect: carte-runtime: create '@ID@': config.json: linux.namespaces[6]: a second pid namespace
.linux.namespaces += [{type: "pid"}]
