# expect: carte-runtime: create '@ID@': config.json: process.scheduler.priority: must be 1 to 99, got 100
.process.scheduler = {policy: "SCHED_RR", priority: 100}
