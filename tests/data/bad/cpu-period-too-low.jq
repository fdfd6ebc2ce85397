# expect: carte-runtime: create '@ID@': config.json: linux.resources.cpu.period: 10 is not in the range from 1000 to 1000000
.linux.resources.cpu = {quota: 1000, period: 10}
