# expect: carte-runtime: create '@ID@': config.json: hooks.createRuntime[0]: /bin/sh: killed by signal 9 (Killed)
.hooks = {createRuntime: [{path: "/bin/sh", args: ["sh", "-c", "kill -9 $$"]}]}
