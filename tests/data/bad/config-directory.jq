# expect: carte-runtime: create '@ID@': read @BUNDLE@/config.json: Is a directory
# setup: rm config.json; mkdir config.json
.
