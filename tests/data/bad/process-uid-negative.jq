# expect: carte-runtime: create '@ID@': config.json: process.user.uid: expected integer from 0 to 4294967295, got -1
.process.user.uid = -1
