# expect: carte-runtime: create '@ID@': config.json: mounts[7]: bind @BUNDLE@/nowhere on /tmp: source @BUNDLE@/nowhere: No such file or directory
.mounts += [{destination: "/tmp", source: "nowhere", type: "bind", options: ["bind"]}]
