# expect: carte-runtime: create '@ID@': config.json: linux.intelRdt: resctrl is not mounted at /sys/fs/resctrl
# status: 7
# needs: no-resctrl
.linux.intelRdt = {closID: "web", l3CacheSchema: "L3:0=f"}
