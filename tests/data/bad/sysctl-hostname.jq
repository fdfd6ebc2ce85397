# expect: carte-runtime: create '@ID@': config.json: linux.sysctl: kernel.hostname: use hostname instead
.linux.sysctl = {"kernel.hostname": "other"}
