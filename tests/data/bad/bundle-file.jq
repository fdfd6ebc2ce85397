# expect: carte-runtime: create '@ID@': open @BUNDLE@/config.json/config.json: no such file or directory (is it a bundle?)
# args: --bundle "$BUNDLE/config.json"
.
