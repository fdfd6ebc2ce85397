# expect: carte-runtime: create '@ID@': exec: "true": permission denied
# status: 8
# setup: cp rootfs/bin/true new; mv new rootfs/bin/true; chmod 644 rootfs/bin/true
.
