# expect: carte-runtime: create '@ID@': open the state root @BUNDLE@/config.json: Not a directory
# global: --root "$BUNDLE/config.json"
.
