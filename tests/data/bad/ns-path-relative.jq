# expect: carte-runtime: create '@ID@': config.json: linux.namespaces[1].path: 'ns/net' is not an absolute path
(.linux.namespaces[] | select(.type == "network")).path = "ns/net"
