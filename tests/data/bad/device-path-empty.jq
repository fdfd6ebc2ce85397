# expect: carte-runtime: create '@ID@': config.json: linux.devices[0].path: "": must be an absolute path
.linux.devices = [{path: "", type: "c", major: 1, minor: 3}]
