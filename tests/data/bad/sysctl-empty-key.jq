# expect: carte-runtime: create '@ID@': config.json: linux.sysctl: "": is no sysctl name
.linux.sysctl = {"": "1"}
