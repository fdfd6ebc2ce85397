# expect: carte-runtime: create '@ID@': config.json: linux.resources.memory.disableOOMKiller: expected boolean, got string
.linux.resources.memory = {disableOOMKiller: "true"}
