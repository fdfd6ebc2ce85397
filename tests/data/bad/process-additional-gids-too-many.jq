# expect: carte-runtime: create '@ID@': config.json: process.user.additionalGids: at most 65536, got 65537
.process.user.additionalGids = [range(65537)]
