# expect: carte-runtime: create '@ID@': config.json: mounts[6].options[5]: "speed": is no option of a cgroup mount
(.mounts[] | select(.type == "cgroup")).options += ["speed"]
