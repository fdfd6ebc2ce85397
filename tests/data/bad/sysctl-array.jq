# expect: carte-runtime: create '@ID@': config.json: linux.sysctl: expected object, got array
.linux.sysctl = ["net.ipv4.ip_forward=1"]
