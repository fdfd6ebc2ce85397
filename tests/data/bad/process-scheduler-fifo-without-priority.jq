# expect: carte-runtime: create '@ID@': config.json: process.scheduler.priority: must be 1 to 99, got 0
.process.scheduler = {policy: "SCHED_FIFO"}
