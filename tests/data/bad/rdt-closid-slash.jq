# expect: carte-runtime: create '@ID@': config.json: linux.intelRdt.closID: "a/b" is no name of a group
.linux.intelRdt = {closID: "a/b"}
