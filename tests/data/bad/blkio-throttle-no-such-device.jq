# expect: carte-runtime: create '@ID@': config.json: linux.resources.blockIO.throttleWriteIOPSDevice[0]: there is no block device 250:99999
# needs: v1:blkio
.linux.resources.blockIO = {throttleWriteIOPSDevice: [{major: 250, minor: 99999, rate: 100}]}
