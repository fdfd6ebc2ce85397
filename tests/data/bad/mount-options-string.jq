# expect: carte-runtime: create '@ID@': config.json: mounts[7].options: expected array, got string
.mounts += [{destination: "/tmp", source: "tmpfs", type: "tmpfs", options: "ro,nosuid"}]
