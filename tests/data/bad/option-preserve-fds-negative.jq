# expect: carte-runtime: create: invalid value "-1" for --preserve-fds: expected a number
# args: --preserve-fds -1
.
