# expect: carte-runtime: create '@ID@': config.json: linux.resources.cpu.period: 2000000 is not in the range from 1000 to 1000000
.linux.resources.cpu = {quota: 10000, period: 2000000}
