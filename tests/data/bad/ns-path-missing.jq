# expect: carte-runtime: create '@ID@': config.json: linux.namespaces[1].path: open @TMP@/net for the network namespace: No such file or directory
(.linux.namespaces[] | select(.type == "network")).path = $tmp + "/net"
