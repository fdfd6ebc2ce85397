# expect: carte-runtime: create '@ID@': config.json: annotations.io.carte.rootfs.upper: @BUNDLE@/upper: Not a directory
# setup: mkdir a work; : >upper
.annotations = {"io.carte.rootfs.layers": "[\"a\"]", "io.carte.rootfs.upper": "upper", "io.carte.rootfs.work": "work"}
