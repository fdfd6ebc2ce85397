# expect: carte-runtime: create '@ID@': config.json: hooks.createContainer[0]: /bin/sh: exit status 3
.hooks = {createContainer: [{path: "/bin/sh", args: ["sh", "-c", "exit 3"]}]}
