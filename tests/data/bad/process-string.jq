# expect: carte-runtime: create '@ID@': config.json: process: expected object, got string
.process = "sh"
