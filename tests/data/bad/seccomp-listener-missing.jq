# expect: carte-runtime: create '@ID@': config.json: linux.seccomp.listenerPath: connect to @TMP@/agent.sock: No such file or directory
.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", listenerPath: ($tmp + "/agent.sock"), syscalls: [{names: ["mount"], action: "SCMP_ACT_NOTIFY"}]}
