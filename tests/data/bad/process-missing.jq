# expect: carte-runtime: create '@ID@': config.json: process: required field is missing
del(.process)
