# expect: carte-runtime: create '@ID@': config.json:3:16: invalid JSON: bytes that are not UTF-8
# setup: printf '{\n\t"ociVersion": "1.3.0",\n\t"hostname": "b\374cher"\n}\n' >config.json
.
