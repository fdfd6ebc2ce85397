# expect: carte-runtime: create '@ID@': config.json: domainname: longer than 64 bytes
.domainname = "x" * 65
