# expect: carte-runtime: create '@ID@': config.json: process.execCPUAffinity.initial: expected a list of CPUs such as 0-3,7, got 'all'
.process.execCPUAffinity = {initial: "all"}
