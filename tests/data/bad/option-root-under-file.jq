# expect: carte-runtime: create '@ID@': create the state root @BUNDLE@/config.json/x: Not a directory
# global: --root "$BUNDLE/config.json/x"
.
