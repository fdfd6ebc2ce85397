# expect: carte-runtime: create '@ID@': config.json: root.path: required field is missing
del(.root.path)
