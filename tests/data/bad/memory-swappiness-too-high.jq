# expect: carte-runtime: create '@ID@': config.json: linux.resources.memory.swappiness: 101 is not in the range from 0 to 100
.linux.resources.memory = {swappiness: 101}
