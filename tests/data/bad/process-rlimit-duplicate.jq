# expect: carte-runtime: create '@ID@': config.json: process.rlimits[1].type: RLIMIT_NOFILE is given twice
.process.rlimits += [{type: "RLIMIT_NOFILE", soft: 10, hard: 10}]
