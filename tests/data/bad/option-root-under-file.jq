# expect: carte-runtime: create '@ID@': create the state root @BUNDLE@/config.json/x: Not a directory
# status: 1
# global: --root "$BUNDLE/config.json/x"
.
