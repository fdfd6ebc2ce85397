# expect: carte-runtime: create '@ID@': config.json: linux.resources.network.priorities[0].name: required field is missing
.linux.resources.network = {priorities: [{priority: 5}]}
