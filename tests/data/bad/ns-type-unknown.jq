# expect: carte-runtime: create '@ID@': config.json: linux.namespaces[6].type: unknown value 'net', expected one of: mount, pid, network, uts, ipc, user, cgroup, time
.linux.namespaces += [{type: "net"}]
