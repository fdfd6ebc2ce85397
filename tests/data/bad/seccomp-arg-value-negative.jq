# expect: carte-runtime: create '@ID@': config.json: linux.seccomp.syscalls[0].args[0].value: expected integer from 0 to 18446744073709551615, got -1
.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["clone"], action: "SCMP_ACT_ERRNO", args: [{index: 0, value: -1, op: "SCMP_CMP_EQ"}]}]}
