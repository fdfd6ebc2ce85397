# expect: carte-runtime: create '@ID@': config.json: linux.resources.blockIO.weightDevice[0].major: required field is missing
.linux.resources.blockIO = {weightDevice: [{minor: 0, weight: 100}]}
