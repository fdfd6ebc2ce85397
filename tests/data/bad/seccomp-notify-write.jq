# expect: carte-runtime: create '@ID@': config.json: linux.seccomp.listenerPath: connect to /run/agent.sock: No such file or directory
.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", listenerPath: "/run/agent.sock", syscalls: [{names: ["write"], action: "SCMP_ACT_NOTIFY"}]}
