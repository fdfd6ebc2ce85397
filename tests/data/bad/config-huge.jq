# expect: carte-runtime: create '@ID@': @BUNDLE@/config.json: larger than 16 MiB
# setup: truncate -s 17M config.json
.
