# expect: carte-runtime: create '@ID@': config.json: linux.resources.network.classID: the net_cls cgroup controller is not mounted
# status: 7
# needs: no-file:/sys/fs/cgroup/net_cls
.linux.resources.network = {classID: 1048577}
