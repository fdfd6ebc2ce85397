# expect: carte-runtime: create '@ID@': config.json: hooks.createRuntime[0].path: must be absolute, got "hook.sh"
.hooks = {createRuntime: [{path: "hook.sh"}]}
