# expect: carte-runtime: create '@ID@': config.json: linux.seccomp.defaultErrnoRet: action SCMP_ACT_ALLOW takes no errno
.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", defaultErrnoRet: 1}
