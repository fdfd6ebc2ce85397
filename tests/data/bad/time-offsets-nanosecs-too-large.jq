# expect: carte-runtime: create '@ID@': config.json: linux.timeOffsets.monotonic.nanosecs: above 999999999
.linux.namespaces += [{type: "time"}] | .linux.timeOffsets = {monotonic: {secs: 10, nanosecs: 1000000000}}
