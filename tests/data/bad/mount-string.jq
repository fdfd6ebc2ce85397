# expect: carte-runtime: create '@ID@': config.json: mounts[7]: expected object, got string
.mounts += ["/data"]
