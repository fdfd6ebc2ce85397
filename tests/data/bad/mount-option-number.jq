# expect: carte-runtime: create '@ID@': config.json: mounts[7].options[0]: expected string, got number
.mounts += [{destination: "/tmp", source: "tmpfs", type: "tmpfs", options: [1]}]
