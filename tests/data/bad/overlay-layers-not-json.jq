# expect: carte-runtime: create '@ID@': config.json: annotations.io.carte.rootfs.layers:1:1: invalid JSON: unexpected character
.annotations = {"io.carte.rootfs.layers": "layers/a"}
