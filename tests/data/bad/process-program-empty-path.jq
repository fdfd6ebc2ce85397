# expect: carte-runtime: create '@ID@': exec: "true": executable file not found in $PATH
# status: 1
.process.env = ["PATH="]
