# expect: carte-runtime: create '@ID@': config.json: annotations.io.carte.rootfs.layers[0]: @BUNDLE@/a: Not a directory
# setup: : >a
.annotations = {"io.carte.rootfs.layers": "[\"a\"]"}
