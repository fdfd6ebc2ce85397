# expect: carte-runtime: create '@ID@': config.json: process.rlimits[0].hard: expected integer, got string
.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 1024, hard: "unlimited"}]
