# expect: carte-runtime: create '@ID@': config.json: linux.sysctl: kernel.shmmax: not allowed without an ipc namespace
.linux.namespaces |= map(select(.type != "ipc")) | .linux.sysctl = {"kernel.shmmax": "1"}
