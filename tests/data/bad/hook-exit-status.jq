# expect: carte-runtime: create '@ID@': config.json: hooks.prestart[1]: /bin/sh: exit status 7
.hooks = {prestart: [{path: "/bin/true"}, {path: "/bin/sh", args: ["sh", "-c", "exit 7"]}]}
