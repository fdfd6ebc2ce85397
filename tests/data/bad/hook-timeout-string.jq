# expect: carte-runtime: create '@ID@': config.json: hooks.poststart[0].timeout: expected integer, got string
.hooks = {poststart: [{path: "/bin/true", timeout: "10s"}]}
