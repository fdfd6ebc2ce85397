# expect: carte-runtime: create '@ID@': config.json: hooks.startContainer[0].path: expected string, got number
.hooks = {startContainer: [{path: 1}]}
