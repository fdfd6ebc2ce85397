# expect: carte-runtime: create '@ID@': config.json: linux.resources.unified.memory.high: expected string, got number
.linux.resources.unified = {"memory.high": 104857600}
