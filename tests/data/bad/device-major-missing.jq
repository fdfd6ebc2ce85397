# expect: carte-runtime: create '@ID@': config.json: linux.devices[0].major: required for type "c"
.linux.devices = [{path: "/dev/x", type: "c"}]
