# expect: carte-runtime: create '@ID@': config.json: linux.sysctl: write /proc/sys/net/ipv4/ip_forward: Invalid argument
.linux.sysctl = {"net.ipv4.ip_forward": "1+kernel.core_pattern=|/bin/x"}
