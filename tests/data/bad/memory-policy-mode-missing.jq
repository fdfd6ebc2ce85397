# expect: carte-runtime: create '@ID@': config.json: linux.memoryPolicy.mode: required field is missing
.linux.memoryPolicy = {nodes: "0"}
