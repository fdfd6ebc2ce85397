# expect: carte-runtime: create: invalid value "-1" for --preserve-fds: expected a number
# status: 2
# args: --preserve-fds -1
.
