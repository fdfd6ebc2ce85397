# expect: carte-runtime: create '@ID@': config.json: root.path: expected string, got array
.root.path = ["rootfs"]
