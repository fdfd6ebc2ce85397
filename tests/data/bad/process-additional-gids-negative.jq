# expect: carte-runtime: create '@ID@': config.json: process.user.additionalGids[1]: expected integer from 0 to 4294967295, got -1
.process.user.additionalGids = [10, -1]
