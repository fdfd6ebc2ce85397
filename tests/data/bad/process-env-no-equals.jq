# expect: carte-runtime: create '@ID@': config.json: process.env[2]: expected NAME=VALUE, got "DEBUG"
.process.env += ["DEBUG"]
