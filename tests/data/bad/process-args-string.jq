# expect: carte-runtime: create '@ID@': config.json: process.args: expected array, got string
.process.args = "sleep 10"
