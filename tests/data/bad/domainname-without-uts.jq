# expect: carte-runtime: create '@ID@': config.json: domainname: needs a uts namespace in linux.namespaces
del(.hostname) | .domainname = "example.org" | .linux.namespaces |= map(select(.type != "uts"))
