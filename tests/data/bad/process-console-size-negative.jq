# expect: carte-runtime: create '@ID@': config.json: process.consoleSize.height: expected integer from 0 to 18446744073709551615, got -1
.process.consoleSize = {height: -1, width: 80}
