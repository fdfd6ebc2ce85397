# expect: carte-runtime: create '@ID@': config.json: mounts[7]: mount tmpfs on /tmp: tmpfs: Bad value for 'mode'
.mounts += [{destination: "/tmp", source: "tmpfs", type: "tmpfs", options: ["mode=999"]}]
