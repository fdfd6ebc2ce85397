# expect: carte-runtime: create '@ID@': config.json: process.capabilities.effective: CAP_SYS_ADMIN is not in the permitted set
.process.capabilities.effective += ["CAP_SYS_ADMIN"]
