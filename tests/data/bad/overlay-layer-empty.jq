# expect: carte-runtime: create '@ID@': config.json: annotations.io.carte.rootfs.layers[0]: is empty
.annotations = {"io.carte.rootfs.layers": "[\"\"]"}
