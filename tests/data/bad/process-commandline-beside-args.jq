# expect: carte-runtime: create '@ID@': config.json: process.commandLine: is for Windows, use args
.process.commandLine = "cmd /c dir"
