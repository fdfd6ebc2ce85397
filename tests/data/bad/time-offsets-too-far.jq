# expect: carte-runtime: create '@ID@': config.json: linux.timeOffsets: a clock of the container would be below 0, or above 146 years (time_namespaces(7))
.linux.namespaces += [{type: "time"}] | .linux.timeOffsets = {boottime: {secs: -9000000000000}}
