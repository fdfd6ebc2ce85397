# expect: carte-runtime: create '@ID@': config.json: process.scheduler.nice: must be -20 to 19, got 20
.process.scheduler = {policy: "SCHED_OTHER", nice: 20}
