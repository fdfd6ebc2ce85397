# expect: carte-runtime: create '@ID@': config.json: mounts[7].options[1]: "cached": is no option of a bind mount
.mounts += [{destination: "/tmp", source: ".", type: "bind", options: ["bind", "cached"]}]
