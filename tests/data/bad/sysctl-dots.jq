# expect: carte-runtime: create '@ID@': config.json: linux.sysctl: "net..ipv4": is no sysctl name
.linux.sysctl = {"net..ipv4": "1"}
