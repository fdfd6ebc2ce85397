# expect: carte-runtime: create '@ID@': write the pid file @TMP@: Is a directory
# status: 1
# args: --pid-file "$TMP"
.
