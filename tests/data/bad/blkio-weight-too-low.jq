# expect: carte-runtime: create '@ID@': config.json: linux.resources.blockIO.weight: 5 is not in the range from 10 to 1000
.linux.resources.blockIO = {weight: 5}
