# expect: carte-runtime: create '@ID@': config.json: linux.resources.cpu.shares: expected integer from 0 to 18446744073709551615, got -1
.linux.resources.cpu = {shares: -1}
