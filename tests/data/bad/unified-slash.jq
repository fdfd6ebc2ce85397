# expect: carte-runtime: create '@ID@': config.json: linux.resources.unified["../memory.max"]: not a file name such as memory.high
.linux.resources.unified = {"../memory.max": "1"}
