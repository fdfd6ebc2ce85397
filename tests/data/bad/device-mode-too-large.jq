# expect: carte-runtime: create '@ID@': config.json: linux.devices[0].fileMode: expected integer from 0 to 65535, got 65536
.linux.devices = [{path: "/dev/x", type: "c", major: 1, minor: 3, fileMode: 65536}]
