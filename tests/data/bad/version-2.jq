# expect: carte-runtime: create '@ID@': config.json: ociVersion: 2.0.0 is not supported, 1.0.0 to 1.3.0 are
.ociVersion = "2.0.0"
