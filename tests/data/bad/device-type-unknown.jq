# expect: carte-runtime: create '@ID@': config.json: linux.devices[0].type: expected c, b, u or p, got 'd'
.linux.devices = [{path: "/dev/x", type: "d", major: 1, minor: 3}]
