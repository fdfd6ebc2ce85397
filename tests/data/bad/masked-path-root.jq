# expect: carte-runtime: create '@ID@': config.json: linux.maskedPaths[10]: "/": does not work for the root
.linux.maskedPaths += ["/"]
