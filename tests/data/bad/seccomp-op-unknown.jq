# expect: carte-runtime: create '@ID@': config.json: linux.seccomp.syscalls[0].args[0].op: unknown value '==', expected one of: SCMP_CMP_NE, SCMP_CMP_LT, SCMP_CMP_LE, SCMP_CMP_EQ, SCMP_CMP_GE, SCMP_CMP_GT, SCMP_CMP_MASKED_EQ
.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["clone"], action: "SCMP_ACT_ERRNO", args: [{index: 0, value: 1, op: "=="}]}]}
