# expect: carte-runtime: create '@ID@': config.json: linux.devices[0]: /bin/true/x: folder in the root: Not a directory
.linux.devices = [{path: "/bin/true/x", type: "c", major: 1, minor: 3}]
