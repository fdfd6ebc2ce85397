# expect: carte-runtime: create '@ID@': config.json: process.capabilities: expected object, got array
.process.capabilities = ["CAP_KILL"]
