# expect: carte-runtime: create '@ID@': config.json: linux.memoryPolicy.nodes: "all" is not a list of nodes below 1024
.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "all"}
