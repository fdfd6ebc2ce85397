# expect: carte-runtime: create '@ID@': config.json: linux.resources.memory.limit: expected integer, got string
.linux.resources.memory = {limit: "100M"}
