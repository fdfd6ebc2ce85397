# expect: carte-runtime: create '@ID@': exec: "nginx": executable file not found in $PATH
# status: 1
.process.args = ["nginx"]
