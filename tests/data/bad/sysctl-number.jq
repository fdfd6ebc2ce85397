# expect: carte-runtime: create '@ID@': config.json: linux.sysctl.net.ipv4.ip_forward: expected string, got number
.linux.sysctl = {"net.ipv4.ip_forward": 1}
