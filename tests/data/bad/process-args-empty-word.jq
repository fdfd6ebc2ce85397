# expect: carte-runtime: create '@ID@': exec: "": executable file not found in $PATH
.process.args = [""]
