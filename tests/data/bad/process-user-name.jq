# expect: carte-runtime: create '@ID@': config.json: process.user.username: is for Windows, use uid and gid
.process.user = {username: "alice"}
