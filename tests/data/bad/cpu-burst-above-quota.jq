# expect: carte-runtime: create '@ID@': config.json: linux.resources.cpu.burst: 20000 is more than cpu.quota 10000
.linux.resources.cpu = {quota: 10000, period: 100000, burst: 20000}
