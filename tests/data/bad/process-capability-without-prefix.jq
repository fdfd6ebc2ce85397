# expect: carte-runtime: create '@ID@': config.json: process.capabilities.permitted[0]: "KILL" is not a capability name
.process.capabilities.permitted = ["KILL"]
