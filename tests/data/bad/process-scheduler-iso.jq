# expect: carte-runtime: create '@ID@': config.json: process.scheduler.policy: SCHED_ISO is not implemented by Linux
.process.scheduler = {policy: "SCHED_ISO"}
