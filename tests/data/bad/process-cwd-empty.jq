# expect: carte-runtime: create '@ID@': config.json: process.cwd: required field is missing
.process.cwd = ""
