# expect: carte-runtime: create '@ID@': config.json: linux.resources.blockIO.throttleWriteBpsDevice[0]: -8:0 is no device number
.linux.resources.blockIO = {throttleWriteBpsDevice: [{major: -8, minor: 0, rate: 1}]}
