# expect: carte-runtime: create '@ID@': config.json: process.capabilities.inheritable[0]: "" is not a capability name
.process.capabilities.inheritable = [""]
