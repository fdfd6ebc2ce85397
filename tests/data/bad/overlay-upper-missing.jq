# expect: carte-runtime: create '@ID@': config.json: annotations.io.carte.rootfs.upper: @BUNDLE@/no/upper: No such file or directory
# setup: mkdir a
.annotations = {"io.carte.rootfs.layers": "[\"a\"]", "io.carte.rootfs.upper": "no/upper", "io.carte.rootfs.work": "no/work"}
