# expect: carte-runtime: create '@ID@': config.json: the document is empty
# setup: : >config.json
.
