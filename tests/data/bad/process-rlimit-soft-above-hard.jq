# expect: carte-runtime: create '@ID@': config.json: process.rlimits[0].soft: 2048 is above the hard limit 1024
.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 2048, hard: 1024}]
