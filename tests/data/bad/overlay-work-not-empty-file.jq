# expect: carte-runtime: create '@ID@': config.json: annotations.io.carte.rootfs.work: @BUNDLE@/work: Not a directory
# setup: mkdir a upper; : >work
.annotations = {"io.carte.rootfs.layers": "[\"a\"]", "io.carte.rootfs.upper": "upper", "io.carte.rootfs.work": "work"}
