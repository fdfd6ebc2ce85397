# expect: carte-runtime: create '@ID@': config.json: process.scheduler.policy: required field is missing
.process.scheduler = {nice: 1}
