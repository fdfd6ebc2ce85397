# expect: carte-runtime: create '@ID@': config.json: expected object, got array
[.]
