# expect: carte-runtime: create '@ID@': config.json: linux.personality.flags[0]: "ADDR_NO_RANDOMIZE" is not supported
.linux.personality = {domain: "LINUX", flags: ["ADDR_NO_RANDOMIZE"]}
