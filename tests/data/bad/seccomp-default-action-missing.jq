# expect: carte-runtime: create '@ID@': config.json: linux.seccomp.defaultAction: required field is missing
.linux.seccomp = {}
