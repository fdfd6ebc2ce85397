# expect: carte-runtime: create '@ID@': exec: "nginx": executable file not found in $PATH
.process.args = ["nginx"]
