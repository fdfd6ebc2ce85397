# expect: carte-runtime: create '@ID@': config.json: linux.cgroupsPath: /a/../../b: '..' is not allowed
.linux.cgroupsPath = "/a/../../b"
