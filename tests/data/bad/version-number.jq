# expect: carte-runtime: create '@ID@': config.json: ociVersion: expected string, got number
.ociVersion = 1.3
