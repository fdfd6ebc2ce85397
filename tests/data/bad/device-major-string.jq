# expect: carte-runtime: create '@ID@': config.json: linux.devices[0].major: expected integer, got string
.linux.devices = [{path: "/dev/x", type: "b", major: "8", minor: 0}]
