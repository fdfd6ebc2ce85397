# expect: carte-runtime: create '@ID@': config.json: hooks.poststop: expected array, got object
.hooks = {poststop: {path: "/bin/true"}}
