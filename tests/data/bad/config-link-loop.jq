# expect: carte-runtime: create '@ID@': read @BUNDLE@/config.json: Too many levels of symbolic links
# setup: rm config.json; ln -s config.json config.json
.
