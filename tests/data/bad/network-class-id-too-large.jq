# expect: carte-runtime: create '@ID@': config.json: linux.resources.network.classID: expected integer from 0 to 4294967295, got 4294967296
.linux.resources.network = {classID: 4294967296}
