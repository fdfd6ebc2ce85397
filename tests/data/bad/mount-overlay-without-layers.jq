# expect: carte-runtime: create '@ID@': config.json: mounts[7]: mount overlay on /tmp: Invalid argument
.mounts += [{destination: "/tmp", source: "overlay", type: "overlay"}]
