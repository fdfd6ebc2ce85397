# expect: carte-runtime: create '@ID@': config.json: linux.devices[0]: /dev/carte-none: in the /dev that is bound: No such file or directory
.mounts |= map(select(.destination | startswith("/dev") | not))
| .mounts += [{destination: "/dev", type: "bind", source: "/dev", options: ["rbind"]}]
| .linux.devices = [{type: "c", path: "/dev/carte-none", major: 1, minor: 3}]
