# expect: carte-runtime: create '@ID@': --preserve-fds 3: file descriptor 3 is not open
# status: 2
# args: --preserve-fds 3
.
