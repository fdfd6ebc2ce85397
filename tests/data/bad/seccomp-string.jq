# expect: carte-runtime: create '@ID@': config.json: linux.seccomp: expected object, got string
.linux.seccomp = "unconfined"
