# expect: carte-runtime: create '@ID@': config.json: process.rlimits[0].soft: expected integer from 0 to 18446744073709551615, got -1
.process.rlimits = [{type: "RLIMIT_CORE", soft: -1, hard: -1}]
