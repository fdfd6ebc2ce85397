# expect: carte-runtime: create '@ID@': config.json: annotations.io.carte.rootfs.work: @BUNDLE@/upper: is the upper folder too, must be another one on the same file system
# setup: mkdir a upper
.annotations = {"io.carte.rootfs.layers": "[\"a\"]", "io.carte.rootfs.upper": "upper", "io.carte.rootfs.work": "upper"}
