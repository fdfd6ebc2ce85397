# expect: carte-runtime: create '@ID@': config.json: process.user.gid: 4294967295 is not a valid id
.process.user.gid = 4294967295
