# expect: carte-runtime: create '@ID@': config.json: annotations.io.carte.rootfs.upper: required with io.carte.rootfs.work
# setup: mkdir a
.annotations = {"io.carte.rootfs.layers": "[\"a\"]", "io.carte.rootfs.work": "work"}
