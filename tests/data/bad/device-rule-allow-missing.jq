# expect: carte-runtime: create '@ID@': config.json: linux.resources.devices[1].allow: required field is missing
.linux.resources.devices += [{type: "c", access: "rwm"}]
