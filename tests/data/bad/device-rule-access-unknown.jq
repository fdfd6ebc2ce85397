# expect: carte-runtime: create '@ID@': config.json: linux.resources.devices[1].access: expected letters of rwm, got 'rwx'
.linux.resources.devices += [{allow: true, type: "c", access: "rwx"}]
