# expect: carte-runtime: create '@ID@': exec: "": executable file not found in $PATH
# status: 1
.process.args = [""]
