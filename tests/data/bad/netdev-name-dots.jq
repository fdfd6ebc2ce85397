# expect: carte-runtime: create '@ID@': config.json: linux.netDevices.dummy0.name: ".." is no name of a device
.linux.netDevices = {dummy0: {name: ".."}}
