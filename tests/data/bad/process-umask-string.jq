# expect: carte-runtime: create '@ID@': config.json: process.user.umask: expected integer, got string
.process.user.umask = "022"
