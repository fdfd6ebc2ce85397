# expect: carte-runtime: create '@ID@': config.json: linux.netDevices.dummy0.name: "a/b" is no name of a device
.linux.netDevices = {dummy0: {name: "a/b"}}
