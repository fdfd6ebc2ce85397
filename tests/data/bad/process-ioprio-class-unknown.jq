# expect: carte-runtime: create '@ID@': config.json: process.ioPriority.class: unknown value 'BE', expected one of: IOPRIO_CLASS_RT, IOPRIO_CLASS_BE, IOPRIO_CLASS_IDLE
.process.ioPriority = {class: "BE", priority: 4}
