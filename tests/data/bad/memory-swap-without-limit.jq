# expect: carte-runtime: create '@ID@': config.json: linux.resources.memory.swap: 104857600 is less than the memory limit (it counts memory and swap together); set memory.limit too
.linux.resources.memory = {swap: 104857600}
