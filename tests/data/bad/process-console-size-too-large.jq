# expect: carte-runtime: create '@ID@': config.json: process.consoleSize.height: must be at most 65535, got 70000
.process.terminal = true | .process.consoleSize = {height: 70000, width: 80}
