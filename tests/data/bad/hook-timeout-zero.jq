# expect: carte-runtime: create '@ID@': config.json: hooks.poststart[0].timeout: expected integer from 1 to 9223372036854775807, got 0
.hooks = {poststart: [{path: "/bin/true", timeout: 0}]}
