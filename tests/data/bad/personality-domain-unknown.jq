# expect: carte-runtime: create '@ID@': config.json: linux.personality.domain: unknown value 'LINUX64', expected one of: LINUX, LINUX32
.linux.personality = {domain: "LINUX64"}
