# expect: carte-runtime: create '@ID@': config.json: linux.maskedPaths[10]: "": must be an absolute path
.linux.maskedPaths += [""]
