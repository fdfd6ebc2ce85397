# expect: carte-runtime: create '@ID@': config.json: linux.resources.hugepageLimits[0].limit: required field is missing
.linux.resources.hugepageLimits = [{pageSize: "2MB"}]
