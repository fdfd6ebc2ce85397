# expect: carte-runtime: create '@ID@': config.json: mounts[7]: bind @BUNDLE@/config.json/x on /tmp: source @BUNDLE@/config.json/x: Not a directory
.mounts += [{destination: "/tmp", source: "config.json/x", type: "bind", options: ["bind"]}]
