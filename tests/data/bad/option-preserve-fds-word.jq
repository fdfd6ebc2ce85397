# expect: carte-runtime: create: invalid value "all" for --preserve-fds: expected a number
# status: 2
# args: --preserve-fds all
.
