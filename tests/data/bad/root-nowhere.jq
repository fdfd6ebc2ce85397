# expect: carte-runtime: create '@ID@': config.json: root.path: @BUNDLE@/nowhere: No such file or directory
.root.path = "nowhere"
