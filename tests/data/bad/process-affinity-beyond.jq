# expect: carte-runtime: create '@ID@': config.json: process.execCPUAffinity.final: "99999999999" is not a list of CPUs below 8192
.process.execCPUAffinity = {final: "99999999999"}
