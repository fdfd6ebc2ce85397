# expect: carte-runtime: create '@ID@': config.json: linux.memoryPolicy.flags[0]: unknown value 'MPOL_F_FAST', expected one of: MPOL_F_NUMA_BALANCING, MPOL_F_RELATIVE_NODES, MPOL_F_STATIC_NODES
.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "0", flags: ["MPOL_F_FAST"]}
