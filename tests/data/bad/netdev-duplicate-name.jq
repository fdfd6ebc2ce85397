# expect: carte-runtime: create '@ID@': config.json: linux.netDevices.dummy1: "eth0" is taken by dummy0
.linux.netDevices = {dummy0: {name: "eth0"}, dummy1: {name: "eth0"}}
