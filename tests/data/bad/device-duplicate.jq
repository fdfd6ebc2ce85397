# expect: carte-runtime: create '@ID@': config.json: linux.devices[1].path: /dev/x: given twice
.linux.devices = [{path: "/dev/x", type: "c", major: 1, minor: 3}, {path: "/dev/x", type: "c", major: 1, minor: 5}]
