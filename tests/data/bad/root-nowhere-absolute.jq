# expect: carte-runtime: create '@ID@': config.json: root.path: @TMP@/nowhere: No such file or directory
.root.path = $tmp + "/nowhere"
