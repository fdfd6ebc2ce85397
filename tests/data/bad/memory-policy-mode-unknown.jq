# expect: carte-runtime: create '@ID@': config.json: linux.memoryPolicy.mode: unknown value 'MPOL_NEAR', expected one of: MPOL_DEFAULT, MPOL_BIND, MPOL_INTERLEAVE, MPOL_WEIGHTED_INTERLEAVE, MPOL_PREFERRED, MPOL_PREFERRED_MANY, MPOL_LOCAL
.linux.memoryPolicy = {mode: "MPOL_NEAR", nodes: "0"}
