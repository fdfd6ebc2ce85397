# expect: carte-runtime: create '@ID@': open @BUNDLE@/config.json: no such file or directory (is it a bundle?)
# setup: rm config.json
.
