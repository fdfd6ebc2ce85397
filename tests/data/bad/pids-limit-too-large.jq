# expect: carte-runtime: create '@ID@': config.json: linux.resources.pids.limit: write '4194305000' to /sys/fs/cgroup/pids/@ID@/pids.max: Invalid argument
# needs: v1:pids
.linux.resources.pids = {limit: 4194305000}
