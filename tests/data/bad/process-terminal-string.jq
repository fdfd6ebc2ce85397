# expect: carte-runtime: create '@ID@': config.json: process.terminal: expected boolean, got string
.process.terminal = "true"
