# expect: carte-runtime: create '@ID@': config.json: process.user.uid: 4294967295 is not a valid id
.process.user.uid = 4294967295
