# expect: carte-runtime: create '@ID@': config.json: linux.readonlyPaths: not possible in a mount namespace that is joined by path, it is left as it is
.linux.namespaces |= map(if .type == "mount" then .path = "/proc/self/ns/mnt" else . end)
| del(.mounts, .linux.maskedPaths, .linux.readonlyPaths) | .root.readonly = false | .linux.readonlyPaths = ["/proc/sys"]
