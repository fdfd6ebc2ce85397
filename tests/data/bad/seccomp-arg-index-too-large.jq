# expect: carte-runtime: create '@ID@': config.json: linux.seccomp.syscalls[0].args[0].index: must be 0 to 5, got 6
.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["clone"], action: "SCMP_ACT_ERRNO", args: [{index: 6, value: 1, op: "SCMP_CMP_EQ"}]}]}
