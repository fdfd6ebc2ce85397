# expect: carte-runtime: create '@ID@': config.json: process.scheduler.flags[0]: unknown value 'SCHED_FLAG_TURBO', expected one of: SCHED_FLAG_RESET_ON_FORK, SCHED_FLAG_RECLAIM, SCHED_FLAG_DL_OVERRUN, SCHED_FLAG_KEEP_POLICY, SCHED_FLAG_KEEP_PARAMS, SCHED_FLAG_UTIL_CLAMP_MIN, SCHED_FLAG_UTIL_CLAMP_MAX
.process.scheduler = {policy: "SCHED_OTHER", flags: ["SCHED_FLAG_TURBO"]}
