# expect: carte-runtime: create '@ID@': config.json: linux.intelRdt.closID: ".." is no name of a group
.linux.intelRdt = {closID: ".."}
