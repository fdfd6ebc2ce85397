# expect: carte-runtime: create '@ID@': config.json: linux.seccomp.listenerPath: required with action SCMP_ACT_NOTIFY
.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mount"], action: "SCMP_ACT_NOTIFY"}]}
