# expect: carte-runtime: create '@ID@': config.json: linux.resources.blockIO.throttleReadBpsDevice[0].rate: expected integer from 0 to 18446744073709551615, got -1
.linux.resources.blockIO = {throttleReadBpsDevice: [{major: 8, minor: 0, rate: -1}]}
