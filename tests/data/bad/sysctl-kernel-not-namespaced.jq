# expect: carte-runtime: create '@ID@': config.json: linux.sysctl: kernel.panic: is not in a separate kernel namespace
.linux.sysctl = {"kernel.panic": "10"}
