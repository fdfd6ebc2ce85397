# expect: carte-runtime: create '@ID@': config.json: annotations.io.carte.rootfs.work: required with io.carte.rootfs.upper
# setup: mkdir a
.annotations = {"io.carte.rootfs.layers": "[\"a\"]", "io.carte.rootfs.upper": "up"}
