# expect: carte-runtime: create '@ID@': config.json: process.user.uid: expected integer, got number 0.5
.process.user.uid = 0.5
