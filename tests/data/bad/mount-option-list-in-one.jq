# expect: carte-runtime: create '@ID@': config.json: mounts[7]: mount tmpfs on /tmp: tmpfs: Unknown parameter 'bogus'
.mounts += [{destination: "/tmp", source: "tmpfs", type: "tmpfs", options: ["mode=1777,bogus"]}]
