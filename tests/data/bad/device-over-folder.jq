# expect: carte-runtime: create '@ID@': config.json: linux.devices[0]: /dev/pts: exists in the root and is another kind of file
.linux.devices = [{path: "/dev/pts", type: "c", major: 1, minor: 3}]
