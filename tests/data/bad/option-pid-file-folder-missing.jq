# expect: carte-runtime: create '@ID@': write the pid file @TMP@/nowhere/pid: No such file or directory
# args: --pid-file "$TMP/nowhere/pid"
.
