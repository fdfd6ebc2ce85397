# expect: carte-runtime: create '@ID@': config.json: linux.sysctl: kernel.domainname: not allowed without a uts namespace
del(.hostname) | .linux.namespaces |= map(select(.type != "uts")) | .linux.sysctl = {"kernel.domainname": "example.org"}
