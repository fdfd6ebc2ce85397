# expect: carte-runtime: create '@ID@': config.json: mounts: expected array, got object
.mounts = {"/data": "/srv"}
