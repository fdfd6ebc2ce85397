# expect: carte-runtime: create '@ID@': config.json: linux.memoryPolicy: set_mempolicy: Invalid argument (is a node in nodes that the container may use?)
.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "63"}
