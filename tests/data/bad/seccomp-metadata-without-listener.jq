# expect: carte-runtime: create '@ID@': config.json: linux.seccomp.listenerMetadata: must not be set without listenerPath
.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", listenerMetadata: "web"}
