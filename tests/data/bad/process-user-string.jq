# expect: carte-runtime: create '@ID@': config.json: process.user: expected object, got string
.process.user = "root"
