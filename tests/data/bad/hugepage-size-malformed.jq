# expect: carte-runtime: create '@ID@': config.json: linux.resources.hugepageLimits[0].pageSize: expected a page size such as 2MB, got '2M'
.linux.resources.hugepageLimits = [{pageSize: "2M", limit: 0}]
