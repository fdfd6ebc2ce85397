# expect: carte-runtime: create '@ID@': config.json: linux.timeOffsets.boottime: expected object, got number
.linux.namespaces += [{type: "time"}] | .linux.timeOffsets = {boottime: 10}
