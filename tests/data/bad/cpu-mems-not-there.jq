# expect: carte-runtime: create '@ID@': config.json: linux.resources.cpu.mems: write '63' to /sys/fs/cgroup/cpuset/@ID@/cpuset.mems: Invalid argument
# needs: v1:cpuset
.linux.resources.cpu = {mems: "63"}
