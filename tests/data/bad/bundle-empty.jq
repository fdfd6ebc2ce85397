# expect: carte-runtime: create '@ID@': open @TMP@/config.json: no such file or directory (is it a bundle?)
# args: --bundle "$TMP"
.
