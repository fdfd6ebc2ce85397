# expect: carte-runtime: create '@ID@': config.json: linux.resources.memory.useHierarchy: write '0' to /sys/fs/cgroup/memory/@ID@/memory.use_hierarchy: Invalid argument
# needs: v1:memory
.linux.resources.memory = {useHierarchy: false}
