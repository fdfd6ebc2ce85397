# expect: carte-runtime: create '@ID@': config.json: hooks.createRuntime[0]: /bin/sleep: timed out after 1 s
# status: 10
.hooks = {createRuntime: [{path: "/bin/sleep", args: ["sleep", "60"], timeout: 1}]}
