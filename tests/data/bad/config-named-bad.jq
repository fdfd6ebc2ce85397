# expect: carte-runtime: create '@ID@': other.json: ociVersion: required field is missing
# args: --config other.json
# setup: echo '{}' >other.json
.
