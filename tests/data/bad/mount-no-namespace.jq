# expect: carte-runtime: create '@ID@': config.json: linux.namespaces: a mount namespace is required: the root would be mounted over the host's
.linux.namespaces |= map(select(.type != "mount"))
