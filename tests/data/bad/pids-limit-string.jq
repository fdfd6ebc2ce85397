# expect: carte-runtime: create '@ID@': config.json: linux.resources.pids.limit: expected integer, got string
.linux.resources.pids = {limit: "max"}
