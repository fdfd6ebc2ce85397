# expect: carte-runtime: create '@ID@': config.json: linux.cgroupsPath: expected string, got number
.linux.cgroupsPath = 1
