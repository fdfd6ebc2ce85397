# expect: carte-runtime: create '@ID@': config.json: root.readonly: expected boolean, got string
.root.readonly = "yes"
