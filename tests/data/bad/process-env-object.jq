# expect: carte-runtime: create '@ID@': config.json: process.env: expected array, got object
.process.env = {PATH: "/bin"}
