# expect: carte-runtime: create '@ID@': config.json: ociVersion: required field is missing
.ociVersion = null
