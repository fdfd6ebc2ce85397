# expect: carte-runtime: create '@ID@': config.json: linux.resources.devices[1].major: -2 is no device number
.linux.resources.devices += [{allow: true, type: "c", major: -2, access: "r"}]
