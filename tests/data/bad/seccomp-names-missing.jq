# expect: carte-runtime: create '@ID@': config.json: linux.seccomp.syscalls[0].names: required field is missing
.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{action: "SCMP_ACT_ERRNO"}]}
