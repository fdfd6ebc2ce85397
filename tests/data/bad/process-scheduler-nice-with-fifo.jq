# expect: carte-runtime: create '@ID@': config.json: process.scheduler.nice: not for policy SCHED_FIFO
.process.scheduler = {policy: "SCHED_FIFO", priority: 1, nice: 5}
