# expect: carte-runtime: create '@ID@': config.json: linux.seccomp.defaultAction: SCMP_ACT_NOTIFY cannot be the default action
.linux.seccomp = {defaultAction: "SCMP_ACT_NOTIFY", listenerPath: "/run/agent.sock"}
