# expect: carte-runtime: create '@ID@': config.json: linux.netDevices.dummy0: expected object, got number
.linux.netDevices = {dummy0: 1}
