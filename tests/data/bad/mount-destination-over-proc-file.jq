# expect: carte-runtime: create '@ID@': config.json: mounts[7].destination: /proc/sysrq-trigger: cannot be mounted because it is inside /proc
.mounts += [{destination: "/proc/sysrq-trigger", source: "/dev/null", type: "bind", options: ["bind"]}]
