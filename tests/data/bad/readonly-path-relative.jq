# expect: carte-runtime: create '@ID@': config.json: linux.readonlyPaths[5]: "proc/sys": must be an absolute path
.linux.readonlyPaths += ["proc/sys"]
