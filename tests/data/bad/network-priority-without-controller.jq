# expect: carte-runtime: create '@ID@': config.json: linux.resources.network.priorities: the net_prio cgroup controller is not mounted
# status: 7
# needs: no-file:/sys/fs/cgroup/net_prio
.linux.resources.network = {priorities: [{name: "eth0", priority: 5}]}
