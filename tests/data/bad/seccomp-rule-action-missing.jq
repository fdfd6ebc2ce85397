# expect: carte-runtime: create '@ID@': config.json: linux.seccomp.syscalls[0].action: required field is missing
.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mount"]}]}
