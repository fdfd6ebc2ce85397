# expect: carte-runtime: create '@ID@': config.json: linux.resources.cpu.cpus: expected string, got number
.linux.resources.cpu = {cpus: 1}
