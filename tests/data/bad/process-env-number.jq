# expect: carte-runtime: create '@ID@': config.json: process.env[2]: expected string, got number
.process.env += [1]
