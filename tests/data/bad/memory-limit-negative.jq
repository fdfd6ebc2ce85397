# expect: carte-runtime: create '@ID@': config.json: linux.resources.memory.limit: -5 is negative
.linux.resources.memory = {limit: -5}
