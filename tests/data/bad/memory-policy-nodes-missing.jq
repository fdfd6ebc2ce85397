# expect: carte-runtime: create '@ID@': config.json: linux.memoryPolicy.nodes: must not be empty for MPOL_BIND
.linux.memoryPolicy = {mode: "MPOL_BIND"}
