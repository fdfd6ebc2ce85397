# expect: carte-runtime: create '@ID@': config.json: linux.resources.blockIO.leafWeight: this kernel has no blkio.leaf_weight in /sys/fs/cgroup/blkio/@ID@
# status: 7
# needs: v1:blkio
.linux.resources.blockIO = {leafWeight: 100}
