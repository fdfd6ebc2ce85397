# expect: carte-runtime: create '@ID@': config.json: process.user.additionalGids[0]: expected integer, got string
.process.user.additionalGids = ["wheel"]
