# expect: carte-runtime: create '@ID@': config.json: hostname: expected string, got number
.hostname = 1
