# expect: carte-runtime: create '@ID@': config.json: process.args: must have at least one entry
.process.commandLine = "cmd /c dir" | del(.process.args)
