# expect: carte-runtime: create '@ID@': config.json: process.capabilities.effective[0]: "cap_kill" is not a capability name
.process.capabilities.effective = ["cap_kill"]
