# expect: carte-runtime: create '@ID@': config.json: mounts[7].options[3]: "bogus": is no option of a bind mount
.mounts += [{destination: "/tmp", source: ".", type: "bind", options: ["bind", "rshared", "rslave", "bogus"]}]
