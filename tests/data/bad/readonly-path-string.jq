# expect: carte-runtime: create '@ID@': config.json: linux.readonlyPaths: expected array, got string
.linux.readonlyPaths = "/proc/sys"
