# expect: carte-runtime: create '@ID@': config.json: process.args: must have at least one entry
del(.process.args)
