# expect: carte-runtime: create '@ID@': config.json: linux.namespaces: expected array, got object
.linux.namespaces = {mount: true}
