# expect: carte-runtime: create: invalid value "all" for --preserve-fds: expected a number
# args: --preserve-fds all
.
