# expect: carte-runtime: create '@ID@': config.json: linux.resources.hugepageLimits[1].pageSize: 2MB is given twice
# needs: file:/sys/kernel/mm/hugepages/hugepages-2048kB
.linux.resources.hugepageLimits = [{pageSize: "2MB", limit: 0}, {pageSize: "2MB", limit: 2097152}]
