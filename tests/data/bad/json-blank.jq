# expect: carte-runtime: create '@ID@': config.json: the document is empty
# setup: printf ' \n\t\n' >config.json
.
