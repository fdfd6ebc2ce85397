# expect: carte-runtime: create '@ID@': config.json: linux.devices[0].type: required field is missing
.linux.devices = [{path: "/dev/x", major: 1, minor: 3}]
