# expect: carte-runtime: create '@ID@': connect to the pidfd socket @TMP@/pidfd.sock: No such file or directory
# args: --pidfd-socket "$TMP/pidfd.sock"
.
