# expect: carte-runtime: create '@ID@': config.json: annotations.io.carte.rootfs.layers: 501 layers, the kernel takes at most 500
# setup: mkdir a
.annotations = {"io.carte.rootfs.layers": ([range(501) | "a"] | tojson)}
