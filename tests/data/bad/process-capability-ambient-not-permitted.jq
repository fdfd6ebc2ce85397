# expect: carte-runtime: create '@ID@': config.json: process.capabilities.inheritable: CAP_CHOWN is not in the bounding set
.process.capabilities.ambient = ["CAP_CHOWN"] | .process.capabilities.inheritable = ["CAP_CHOWN"]
