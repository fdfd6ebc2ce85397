# expect: carte-runtime: create '@ID@': config.json: linux.sysctl: open /proc/sys/net/ipv4/nosuch: No such file or directory
.linux.sysctl = {"net.ipv4.nosuch": "1"}
