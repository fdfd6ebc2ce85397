# expect: carte-runtime: create '@ID@': config.json: annotations.io.carte.rootfs.work: /dev/shm/carte-bad-work: No such file or directory
# setup: mkdir a upper
.annotations = {"io.carte.rootfs.layers": "[\"a\"]", "io.carte.rootfs.upper": "upper", "io.carte.rootfs.work": "/dev/shm/carte-bad-work"}
