# expect: carte-runtime: create '@ID@': config.json: linux.personality.domain: required field is missing
.linux.personality = {flags: []}
