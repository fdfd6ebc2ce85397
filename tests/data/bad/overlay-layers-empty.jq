# expect: carte-runtime: create '@ID@': config.json: annotations.io.carte.rootfs.layers: at least one layer is required
.annotations = {"io.carte.rootfs.layers": "[]"}
