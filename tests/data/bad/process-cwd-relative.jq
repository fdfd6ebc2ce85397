# expect: carte-runtime: create '@ID@': config.json: process.cwd: must be an absolute path, got "home"
.process.cwd = "home"
