# expect: carte-runtime: create '@ID@': config.json: linux.devices[0].path: required field is missing
.linux.devices = [{type: "c", major: 1, minor: 3}]
