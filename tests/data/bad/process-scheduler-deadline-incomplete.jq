# expect: carte-runtime: create '@ID@': config.json: process.scheduler: runtime <= deadline <= period must hold (1000000, 0, 0)
.process.scheduler = {policy: "SCHED_DEADLINE", runtime: 1000000}
