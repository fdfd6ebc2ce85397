# expect: carte-runtime: create '@ID@': config.json: mounts[7].destination: /proc/1/mem: cannot be mounted because it is inside /proc
.mounts += [{destination: "/proc/1/mem", source: "/dev/null", type: "bind", options: ["bind"]}]
