# expect: carte-runtime: create '@ID@': config.json: hooks.createRuntime[0]: /bin/sh: exit status 1: no such network
.hooks = {createRuntime: [{path: "/bin/sh", args: ["sh", "-c", "echo no such network >&2; exit 1"]}]}
