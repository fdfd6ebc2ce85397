# expect: carte-runtime: create '@ID@': config.json: hooks.createContainer[0].path: must be absolute, got ""
.hooks = {createContainer: [{path: ""}]}
