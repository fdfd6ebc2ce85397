# expect: carte-runtime: create '@ID@': config.json: mounts[6]: mount cgroup2 on /sys/fs/cgroup: cgroup2: Invalid argument
# needs: v1:memory
.mounts |= map(if .type == "cgroup" then .type = "cgroup2" | .options = ["bogus"] else . end)
