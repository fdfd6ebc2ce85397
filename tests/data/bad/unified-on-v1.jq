# expect: carte-runtime: create '@ID@': config.json: linux.resources.unified["memory.high"]: the memory controller is not on the v2 side of this host
# needs: v1:memory
.linux.resources.unified = {"memory.high": "104857600"}
