# expect: carte-runtime: create '@ID@': config.json: root.path: required field is missing
.root.path = ""
