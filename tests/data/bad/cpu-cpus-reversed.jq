# expect: carte-runtime: create '@ID@': config.json: linux.resources.cpu.cpus: write '3-1' to /sys/fs/cgroup/cpuset/@ID@/cpuset.cpus: Invalid argument
# needs: v1:cpuset
.linux.resources.cpu = {cpus: "3-1"}
