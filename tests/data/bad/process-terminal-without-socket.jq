# expect: carte-runtime: create '@ID@': config.json: process.terminal: a terminal that is not in the foreground needs --console-socket
.process.terminal = true
