# expect: carte-runtime: create '@ID@': config.json: mounts[7]: bind /nowhere-at-all on /tmp: source /nowhere-at-all: No such file or directory
.mounts += [{destination: "/tmp", source: "/nowhere-at-all", type: "bind", options: ["bind"]}]
