# expect: carte-runtime: create '@ID@': config.json: ociVersion: expected a version such as 1.3.0, got 'latest'
.ociVersion = "latest"
