# expect: carte-runtime: create '@ID@': config.json:1:1: invalid JSON: bytes that are not UTF-8
# setup: printf '\377\376{\0}\0' >config.json
.
