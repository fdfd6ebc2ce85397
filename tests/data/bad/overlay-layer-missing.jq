# expect: carte-runtime: create '@ID@': config.json: annotations.io.carte.rootfs.layers[1]: @BUNDLE@/b: No such file or directory
# setup: mkdir a
.annotations = {"io.carte.rootfs.layers": "[\"a\", \"b\"]"}
