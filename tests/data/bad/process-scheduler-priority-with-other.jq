# expect: carte-runtime: create '@ID@': config.json: process.scheduler.priority: only for SCHED_FIFO and SCHED_RR
.process.scheduler = {policy: "SCHED_OTHER", priority: 10}
