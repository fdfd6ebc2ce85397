# expect: carte-runtime: create '@ID@': open @BUNDLE@/other.json: no such file or directory (is it a bundle?)
# args: --config other.json
.
