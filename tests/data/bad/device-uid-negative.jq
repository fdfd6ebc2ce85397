# expect: carte-runtime: create '@ID@': config.json: linux.devices[0].uid: expected integer from 0 to 4294967295, got -1
.linux.devices = [{path: "/dev/x", type: "c", major: 1, minor: 3, uid: -1}]
