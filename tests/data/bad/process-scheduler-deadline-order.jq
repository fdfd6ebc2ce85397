# expect: carte-runtime: create '@ID@': config.json: process.scheduler: runtime <= deadline <= period must hold (30000000, 20000000, 10000000)
.process.scheduler = {policy: "SCHED_DEADLINE", runtime: 30000000, deadline: 20000000, period: 10000000}
