# expect: carte-runtime: create '@ID@': config.json: hooks.createRuntime[0]: /bin/sh: timed out after 1 s
# status: 10
.hooks = {createRuntime: [{path: "/bin/sh", args: ["sh", "-c", "sleep 60 & sleep 60"], timeout: 1}]}
