# expect: carte-runtime: create '@ID@': config.json: annotations.io.carte.rootfs.layers: expected array, got object
.annotations = {"io.carte.rootfs.layers": "{\"a\": 1}"}
