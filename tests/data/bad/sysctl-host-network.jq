# expect: carte-runtime: create '@ID@': config.json: linux.sysctl: net.ipv4.ip_forward: not allowed without a network namespace
.linux.namespaces |= map(select(.type != "network")) | .linux.sysctl = {"net.ipv4.ip_forward": "1"}
