# expect: carte-runtime: create '@ID@': config.json: linux.resources.cpu.realtimeRuntime: 2000000 is more than cpu.realtimePeriod 1000000
.linux.resources.cpu = {realtimeRuntime: 2000000, realtimePeriod: 1000000}
