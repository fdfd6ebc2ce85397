# expect: carte-runtime: create '@ID@': config.json: linux.resources.memory.kernelTCP: -5 is negative
.linux.resources.memory = {kernelTCP: -5}
