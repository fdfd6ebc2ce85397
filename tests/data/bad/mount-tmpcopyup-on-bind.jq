# expect: carte-runtime: create '@ID@': config.json: mounts[7].options: tmpcopyup is for tmpfs only
.mounts += [{destination: "/tmp", source: ".", type: "bind", options: ["bind", "tmpcopyup"]}]
