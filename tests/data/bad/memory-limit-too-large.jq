# expect: carte-runtime: create '@ID@': config.json: linux.resources.memory.limit: expected integer from -9223372036854775808 to 9223372036854775807, got 9223372036854776000
.linux.resources.memory = {limit: 9223372036854775808}
