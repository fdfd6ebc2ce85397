# expect: carte-runtime: create '@ID@': config.json: linux.resources.cpu.quota: 10 is less than 1000 microseconds, the least that the kernel takes
.linux.resources.cpu = {quota: 10, period: 100000}
