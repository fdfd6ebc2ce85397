# expect: carte-runtime: create '@ID@': config.json: linux.memoryPolicy.nodes: "99999" is not a list of nodes below 1024
.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "99999"}
