# expect: carte-runtime: create '@ID@': config.json: linux.resources.devices[1].type: expected a, b or c, got 'p'
.linux.resources.devices += [{allow: true, type: "p", access: "rwm"}]
