# expect: carte-runtime: create '@ID@': config.json: linux.resources.cpu.shares: 1 is not in the range from 2 to 262144
.linux.resources.cpu = {shares: 1}
