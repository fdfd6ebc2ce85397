# expect: carte-runtime: create '@ID@': config.json: mounts[7]: mount tmpfs on /tmp: tmpfs: Unknown parameter 'speed'
.mounts += [{destination: "/tmp", source: "tmpfs", type: "tmpfs", options: ["speed=high"]}]
