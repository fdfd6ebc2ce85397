# expect: carte-runtime: create '@ID@': config.json: linux.namespaces[1].path: @TMP@/net is not a namespace
# setup: : >"$TMP/net"
(.linux.namespaces[] | select(.type == "network")).path = $tmp + "/net"
