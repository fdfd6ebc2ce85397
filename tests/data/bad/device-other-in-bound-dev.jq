# expect: carte-runtime: create '@ID@': config.json: linux.devices[0]: /dev/null: in the /dev that is bound it is another file
.mounts |= map(select(.destination | startswith("/dev") | not))
| .mounts += [{destination: "/dev", type: "bind", source: "/dev", options: ["rbind"]}]
| .linux.devices = [{type: "c", path: "/dev/null", major: 1, minor: 5}]
