# expect: carte-runtime: create '@ID@': config.json: linux.devices[0].path: /: no device can be made there
.linux.devices = [{path: "/", type: "c", major: 1, minor: 3}]
