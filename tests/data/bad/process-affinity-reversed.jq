# expect: carte-runtime: create '@ID@': config.json: process.execCPUAffinity.initial: "3-1" is not a list of CPUs below 8192
.process.execCPUAffinity = {initial: "3-1"}
