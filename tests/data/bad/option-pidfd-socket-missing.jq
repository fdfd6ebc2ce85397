# expect: carte-runtime: create '@ID@': connect to the pidfd socket @TMP@/pidfd.sock: No such file or directory
# status: 1
# args: --pidfd-socket "$TMP/pidfd.sock"
.
