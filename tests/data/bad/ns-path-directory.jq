# expect: carte-runtime: create '@ID@': config.json: linux.namespaces[2].path: @TMP@ is not a namespace
(.linux.namespaces[] | select(.type == "ipc")).path = $tmp
