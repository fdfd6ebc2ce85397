# expect: carte-runtime: create '@ID@': config.json: linux.sysctl: vm.swappiness: is not in a separate kernel namespace
.linux.sysctl = {"vm.swappiness": "10"}
