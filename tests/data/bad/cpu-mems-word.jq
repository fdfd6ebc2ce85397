# expect: carte-runtime: create '@ID@': config.json: linux.resources.cpu.mems: write 'near' to /sys/fs/cgroup/cpuset/@ID@/cpuset.mems: Invalid argument
.linux.resources.cpu = {mems: "near"}
