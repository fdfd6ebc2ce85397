# expect: carte-runtime: create '@ID@': config.json: process.consoleSize.width: required field is missing
.process.consoleSize = {height: 24}
