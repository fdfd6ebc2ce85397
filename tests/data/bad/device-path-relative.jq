# expect: carte-runtime: create '@ID@': config.json: linux.devices[0].path: "x": must be an absolute path
.linux.devices = [{path: "x", type: "c", major: 1, minor: 3}]
