# expect: carte-runtime: create '@ID@': config.json: linux.resources.blockIO.weight: expected integer from 0 to 65535, got 65536
.linux.resources.blockIO = {weight: 65536}
