# expect: carte-runtime: create '@ID@': config.json: linux.devices[0].minor: 1048576: must be 0..1048575
.linux.devices = [{path: "/dev/x", type: "b", major: 8, minor: 1048576}]
