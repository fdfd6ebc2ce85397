# expect: carte-runtime: create '@ID@': config.json: linux.devices[0].major: -1: must be 0..4095
.linux.devices = [{path: "/dev/x", type: "b", major: -1, minor: 0}]
