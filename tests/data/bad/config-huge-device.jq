# expect: carte-runtime: create '@ID@': @BUNDLE@/config.json: larger than 16 MiB
# setup: ln -sf /dev/zero config.json
.
