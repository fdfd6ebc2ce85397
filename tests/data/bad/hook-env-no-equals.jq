# expect: carte-runtime: create '@ID@': config.json: hooks.prestart[0].env[0]: expected NAME=VALUE, got "DEBUG"
.hooks = {prestart: [{path: "/bin/true", env: ["DEBUG"]}]}
