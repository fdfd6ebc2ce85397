# expect: carte-runtime: create '@ID@': config.json: process.noNewPrivileges: expected boolean, got number
.process.noNewPrivileges = 1
