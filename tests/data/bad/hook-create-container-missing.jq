# expect: carte-runtime: create '@ID@': config.json: hooks.createContainer[0]: /nowhere/hook: exec: No such file or directory
.hooks = {createContainer: [{path: "/nowhere/hook"}]}
