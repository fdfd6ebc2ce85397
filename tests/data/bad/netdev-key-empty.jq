# expect: carte-runtime: create '@ID@': config.json: linux.netDevices: "" is no name of a device
.linux.netDevices = {"": {}}
