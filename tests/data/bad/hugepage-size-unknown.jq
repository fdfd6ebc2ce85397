# expect: carte-runtime: create '@ID@': config.json: linux.resources.hugepageLimits[0].pageSize: this host has no huge pages of 3MB
.linux.resources.hugepageLimits = [{pageSize: "3MB", limit: 0}]
