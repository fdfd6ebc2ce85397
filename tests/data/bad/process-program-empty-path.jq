# expect: carte-runtime: create '@ID@': exec: "true": executable file not found in $PATH
.process.env = ["PATH="]
