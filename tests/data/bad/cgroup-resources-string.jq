# expect: carte-runtime: create '@ID@': config.json: linux.resources: expected object, got string
.linux.resources = "none"
