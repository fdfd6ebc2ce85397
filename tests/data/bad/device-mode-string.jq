# expect: carte-runtime: create '@ID@': config.json: linux.devices[0].fileMode: expected integer, got string
.linux.devices = [{path: "/dev/x", type: "c", major: 1, minor: 3, fileMode: "0666"}]
