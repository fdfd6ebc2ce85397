# expect: carte-runtime: create '@ID@': write the pid file @TMP@/nowhere/pid: No such file or directory
# status: 1
# args: --pid-file "$TMP/nowhere/pid"
.
