# expect: carte-runtime: create '@ID@': config.json: linux.netDevices.nosuch0: no such device
.linux.netDevices = {nosuch0: {}}
