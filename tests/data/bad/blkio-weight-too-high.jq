# expect: carte-runtime: create '@ID@': config.json: linux.resources.blockIO.weight: 1001 is not in the range from 10 to 1000
.linux.resources.blockIO = {weight: 1001}
