# expect: carte-runtime: create '@ID@': config.json: hostname: needs a uts namespace in linux.namespaces
.linux.namespaces |= map(select(.type != "uts"))
