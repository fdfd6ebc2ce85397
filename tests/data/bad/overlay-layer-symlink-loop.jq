# expect: carte-runtime: create '@ID@': config.json: annotations.io.carte.rootfs.layers[0]: @BUNDLE@/a: Too many levels of symbolic links
# setup: ln -s a a
.annotations = {"io.carte.rootfs.layers": "[\"a\"]"}
