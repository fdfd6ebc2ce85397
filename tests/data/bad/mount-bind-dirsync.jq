# expect: carte-runtime: create '@ID@': config.json: mounts[7].options[1]: "dirsync": is of the file system as a whole, not of a bind mount
.mounts += [{destination: "/mnt", type: "bind", source: "/tmp", options: ["rbind", "dirsync"]}]
