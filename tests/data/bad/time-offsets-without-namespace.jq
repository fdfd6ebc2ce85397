# expect: carte-runtime: create '@ID@': config.json: linux.timeOffsets: needs a new time namespace in linux.namespaces
.linux.timeOffsets = {monotonic: {secs: 10}}
