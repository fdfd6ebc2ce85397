# expect: carte-runtime: create '@ID@': config.json: process.ioPriority.priority: must be 0 to 7, got 8
.process.ioPriority = {class: "IOPRIO_CLASS_BE", priority: 8}
