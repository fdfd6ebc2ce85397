# expect: carte-runtime: create '@ID@': config.json: process.ioPriority.priority: must be 0 to 7, got -1
.process.ioPriority = {class: "IOPRIO_CLASS_RT", priority: -1}
