# expect: carte-runtime: create '@ID@': config.json: linux.readonlyPaths[5]: "": must be an absolute path
.linux.readonlyPaths += [""]
