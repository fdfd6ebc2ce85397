# expect: carte-runtime: create '@ID@': config.json: linux.resources.memory.swap: 104857600 is less than the memory limit (it counts memory and swap together); set memory.limit too
# needs: file:/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes
.linux.resources.memory = {swap: 104857600}
