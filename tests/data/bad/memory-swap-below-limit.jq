# expect: carte-runtime: create '@ID@': config.json: linux.resources.memory.swap: 52428800 is less than memory.limit 104857600 (it counts memory and swap together)
.linux.resources.memory = {limit: 104857600, swap: 52428800}
