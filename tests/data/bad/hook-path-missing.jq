# expect: carte-runtime: create '@ID@': config.json: hooks.prestart[0].path: required field is missing
.hooks = {prestart: [{args: ["x"]}]}
