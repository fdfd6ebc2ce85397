# expect: carte-runtime: create '@ID@': config.json: annotations.io.carte.rootfs.upper: needs io.carte.rootfs.layers
.annotations = {"io.carte.rootfs.upper": "upper"}
