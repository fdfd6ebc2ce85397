# expect: carte-runtime: create '@ID@': config.json: linux.timeOffsets.boottime.nanosecs: expected integer from 0 to 4294967295, got -1
.linux.namespaces += [{type: "time"}] | .linux.timeOffsets = {boottime: {nanosecs: -1}}
