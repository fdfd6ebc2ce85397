# expect: carte-runtime: create '@ID@': config.json: linux.resources.rdma: the rdma cgroup controller is not mounted
# status: 7
# needs: no-file:/sys/fs/cgroup/rdma
.linux.resources.rdma = {mlx5_0: {hcaHandles: 3}}
