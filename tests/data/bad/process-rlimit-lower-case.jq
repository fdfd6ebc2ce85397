# expect: carte-runtime: create '@ID@': config.json: process.rlimits[0].type: expected RLIMIT_ and capital letters, got 'nofile'
.process.rlimits = [{type: "nofile", soft: 1, hard: 1}]
