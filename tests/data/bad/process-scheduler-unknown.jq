# expect: carte-runtime: create '@ID@': config.json: process.scheduler.policy: unknown value 'SCHED_FAST', expected one of: SCHED_OTHER, SCHED_FIFO, SCHED_RR, SCHED_BATCH, SCHED_ISO, SCHED_IDLE, SCHED_DEADLINE
.process.scheduler = {policy: "SCHED_FAST"}
