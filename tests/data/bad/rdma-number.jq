# expect: carte-runtime: create '@ID@': config.json: linux.resources.rdma.mlx5_0: expected object, got number
.linux.resources.rdma = {mlx5_0: 3}
