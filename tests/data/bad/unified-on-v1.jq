# expect: carte-runtime: create '@ID@': config.json: linux.resources.unified["memory.high"]: the memory controller is not on the v2 side of this host
# status: 7
# needs: v1:memory
.linux.resources.unified = {"memory.high": "104857600"}
