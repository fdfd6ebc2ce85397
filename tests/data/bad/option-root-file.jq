# expect: carte-runtime: create '@ID@': open the state root @BUNDLE@/config.json: Not a directory
# status: 1
# global: --root "$BUNDLE/config.json"
.
