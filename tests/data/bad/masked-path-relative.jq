# expect: carte-runtime: create '@ID@': config.json: linux.maskedPaths[10]: "proc/kcore": must be an absolute path
.linux.maskedPaths += ["proc/kcore"]
