# expect: carte-runtime: create '@ID@': config.json: process.rlimits[0].type: unknown resource limit "RLIMIT_FILES"
.process.rlimits = [{type: "RLIMIT_FILES", soft: 1, hard: 1}]
