# expect: carte-runtime: create '@ID@': config.json: linux.seccomp.syscalls[0].errnoRet: action SCMP_ACT_KILL takes no errno
.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mount"], action: "SCMP_ACT_KILL", errnoRet: 1}]}
