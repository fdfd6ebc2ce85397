# expect: carte-runtime: create '@ID@': config.json: linux: expected object, got string
.linux = "yes"
