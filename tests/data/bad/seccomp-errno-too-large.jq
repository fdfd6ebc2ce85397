# expect: carte-runtime: create '@ID@': config.json: linux.seccomp.defaultErrnoRet: must be at most 4095, got 5000
.linux.seccomp = {defaultAction: "SCMP_ACT_ERRNO", defaultErrnoRet: 5000}
