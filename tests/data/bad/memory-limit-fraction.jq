# expect: carte-runtime: create '@ID@': config.json: linux.resources.memory.limit: expected integer, got number 1.5
.linux.resources.memory = {limit: 1.5}
