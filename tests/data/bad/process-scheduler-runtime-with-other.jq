# expect: carte-runtime: create '@ID@': config.json: process.scheduler.runtime: only for SCHED_DEADLINE
.process.scheduler = {policy: "SCHED_OTHER", runtime: 1000000}
