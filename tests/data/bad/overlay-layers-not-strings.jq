# expect: carte-runtime: create '@ID@': config.json: annotations.io.carte.rootfs.layers: [0]: expected string, got number
.annotations = {"io.carte.rootfs.layers": "[1]"}
