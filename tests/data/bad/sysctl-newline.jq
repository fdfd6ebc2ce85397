# expect: carte-runtime: create '@ID@': config.json: linux.sysctl: write /proc/sys/net/ipv4/ip_forward: only 2 of 3 bytes were taken
.linux.sysctl = {"net.ipv4.ip_forward": "1\n2"}
