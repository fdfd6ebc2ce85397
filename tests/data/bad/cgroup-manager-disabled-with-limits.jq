# expect: carte-runtime: create '@ID@': config.json: linux.resources.memory.limit: cannot be applied, cgroups are disabled
# status: 7
# global: --cgroup-manager disabled
.linux.resources.memory = {limit: 104857600}
