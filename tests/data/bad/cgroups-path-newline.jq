# expect: carte-runtime: create '@ID@': config.json: linux.cgroupsPath: holds a newline
.linux.cgroupsPath = "/a\nb"
