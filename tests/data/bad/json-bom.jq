# expect: carte-runtime: create '@ID@': config.json:1:1: invalid JSON: unexpected character
# setup: printf '\357\273\277' >bom; cat bom config.json >new; mv new config.json; rm bom
.
