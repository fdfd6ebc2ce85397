# expect: carte-runtime: create '@ID@': config.json: linux.sysctl: "net/../kernel/core_pattern": is no sysctl name
.linux.sysctl = {"net/../kernel/core_pattern": "x"}
