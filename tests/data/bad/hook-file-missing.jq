# expect: carte-runtime: create '@ID@': config.json: hooks.createRuntime[0]: /nowhere/hook: exec: No such file or directory
.hooks = {createRuntime: [{path: "/nowhere/hook"}]}
