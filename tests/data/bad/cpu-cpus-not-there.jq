# expect: carte-runtime: create '@ID@': config.json: linux.resources.cpu.cpus: write '0-1023' to /sys/fs/cgroup/cpuset/@ID@/cpuset.cpus: Numerical result out of range
# needs: v1:cpuset
.linux.resources.cpu = {cpus: "0-1023"}
