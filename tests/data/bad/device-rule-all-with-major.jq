# expect: carte-runtime: create '@ID@': config.json: linux.resources.devices[1].type: 'a' stands for all devices and takes no major and minor; use c or b
.linux.resources.devices += [{allow: true, type: "a", major: 1, minor: 3, access: "rwm"}]
