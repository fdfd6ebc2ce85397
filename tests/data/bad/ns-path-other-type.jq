# expect: carte-runtime: create '@ID@': config.json: linux.namespaces[1].path: /proc/self/ns/uts is a uts namespace, expected a network one
(.linux.namespaces[] | select(.type == "network")).path = "/proc/self/ns/uts"
