# expect: carte-runtime: create '@ID@': config.json: linux.seccomp.syscalls[0].errnoRet: must be at most 4095, got 65536
.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mount"], action: "SCMP_ACT_ERRNO", errnoRet: 65536}]}
