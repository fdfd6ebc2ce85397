# expect: carte-runtime: create '@ID@': config.json: linux.seccomp.syscalls[0].args[0].op: required field is missing
.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["clone"], action: "SCMP_ACT_ERRNO", args: [{index: 0, value: 1}]}]}
