# expect: carte-runtime: create '@ID@': config.json: linux: required field is missing
del(.linux) | del(.hostname)
