# expect: carte-runtime: create '@ID@': config.json: annotations: expected object, got array
.annotations = ["a=b"]
