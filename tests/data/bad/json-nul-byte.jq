# expect: carte-runtime: create '@ID@': config.json:1:26: invalid JSON: text after the end of the document
# setup: printf '{ "ociVersion": "1.3.0" }\0' >config.json
.
