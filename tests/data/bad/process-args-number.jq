# expect: carte-runtime: create '@ID@': config.json: process.args[1]: expected string, got number
.process.args = ["sleep", 10]
