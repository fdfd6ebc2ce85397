# expect: carte-runtime: create '@ID@': config.json: process.ioPriority.class: required field is missing
.process.ioPriority = {priority: 4}
