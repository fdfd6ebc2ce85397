# expect: carte-runtime: create '@ID@': config.json: process.env[2]: expected NAME=VALUE, got "=1"
.process.env += ["=1"]
