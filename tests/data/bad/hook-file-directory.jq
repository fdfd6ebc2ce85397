# expect: carte-runtime: create '@ID@': config.json: hooks.prestart[0]: /etc: exec: Permission denied
# status: 8
.hooks = {prestart: [{path: "/etc"}]}
