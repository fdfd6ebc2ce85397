# expect: carte-runtime: create '@ID@': config.json: linux.seccomp.syscalls[0].names: needs at least one name
.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: [], action: "SCMP_ACT_ERRNO"}]}
