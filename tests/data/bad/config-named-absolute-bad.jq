# expect: carte-runtime: create '@ID@': @TMP@/other.json: ociVersion: required field is missing
# args: --config "$TMP/other.json"
# setup: echo '{}' >"$TMP/other.json"
.
