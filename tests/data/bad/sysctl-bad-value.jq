# expect: carte-runtime: create '@ID@': config.json: linux.sysctl: write /proc/sys/net/ipv4/ip_forward: Invalid argument
.linux.sysctl = {"net.ipv4.ip_forward": "yes"}
