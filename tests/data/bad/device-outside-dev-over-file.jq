# expect: carte-runtime: create '@ID@': config.json: linux.devices[0]: /bin/true: exists in the root and is another kind of file
.root.readonly = false | .linux.devices = [{path: "/bin/true", type: "c", major: 1, minor: 3}]
