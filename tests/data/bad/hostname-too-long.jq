# expect: carte-runtime: create '@ID@': config.json: hostname: longer than 64 bytes
.hostname = "x" * 65
