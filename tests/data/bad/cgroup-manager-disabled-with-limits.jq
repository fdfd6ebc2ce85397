# expect: carte-runtime: create '@ID@': config.json: linux.resources.memory.limit: cannot be applied, cgroups are disabled
# global: --cgroup-manager disabled
.linux.resources.memory = {limit: 104857600}
