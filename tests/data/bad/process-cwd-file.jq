# expect: carte-runtime: create '@ID@': config.json: process.cwd: chdir "/bin/true": Not a directory
.process.cwd = "/bin/true"
