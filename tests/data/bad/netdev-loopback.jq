# expect: carte-runtime: create '@ID@': config.json: linux.netDevices.lo: the name "lo" is taken in the container
.linux.netDevices = {lo: {}}
