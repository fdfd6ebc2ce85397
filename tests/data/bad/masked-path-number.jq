# expect: carte-runtime: create '@ID@': config.json: linux.maskedPaths[10]: expected string, got number
.linux.maskedPaths += [1]
