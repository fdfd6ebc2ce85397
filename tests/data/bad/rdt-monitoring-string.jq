# expect: carte-runtime: create '@ID@': config.json: linux.intelRdt.enableMonitoring: expected boolean, got string
.linux.intelRdt = {enableMonitoring: "yes"}
