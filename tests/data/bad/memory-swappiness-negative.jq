# expect: carte-runtime: create '@ID@': config.json: linux.resources.memory.swappiness: expected integer from 0 to 18446744073709551615, got -2
.linux.resources.memory = {swappiness: -2}
