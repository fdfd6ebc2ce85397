# expect: carte-runtime: create '@ID@': config.json: linux.memoryPolicy.nodes: must be empty for MPOL_DEFAULT
.linux.memoryPolicy = {mode: "MPOL_DEFAULT", nodes: "0"}
