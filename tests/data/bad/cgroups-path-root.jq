# expect: carte-runtime: create '@ID@': config.json: linux.cgroupsPath: / is the root of the hierarchy
.linux.cgroupsPath = "/"
