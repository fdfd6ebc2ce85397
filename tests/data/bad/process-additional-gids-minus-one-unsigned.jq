# expect: carte-runtime: create '@ID@': config.json: process.user.additionalGids[0]: 4294967295 is not a valid id
.process.user.additionalGids = [4294967295]
