# expect: carte-runtime: create '@ID@': config.json: hooks.prestart[0]: /etc: exec: Permission denied
.hooks = {prestart: [{path: "/etc"}]}
