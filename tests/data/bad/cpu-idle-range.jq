# expect: carte-runtime: create '@ID@': config.json: linux.resources.cpu.idle: 2 is not in the range from 0 to 1
.linux.resources.cpu = {idle: 2}
