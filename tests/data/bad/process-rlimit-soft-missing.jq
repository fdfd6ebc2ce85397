# expect: carte-runtime: create '@ID@': config.json: process.rlimits[0].soft: required field is missing
.process.rlimits = [{type: "RLIMIT_NOFILE", hard: 1024}]
