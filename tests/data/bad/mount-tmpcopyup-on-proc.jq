# expect: carte-runtime: create '@ID@': config.json: mounts[7].options: tmpcopyup is for tmpfs only
.mounts += [{destination: "/tmp", source: "proc", type: "proc", options: ["tmpcopyup"]}]
