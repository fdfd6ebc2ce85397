# expect: carte-runtime: create '@ID@': config.json: mounts[7].options: idmap needs uidMappings and gidMappings, or a user namespace to take them from
.mounts += [{destination: "/tmp", source: ".", type: "bind", options: ["bind", "idmap"]}]
