# expect: carte-runtime: create '@ID@': config.json: process.user.umask: must be at most 0777, got 010000
.process.user.umask = 4096
