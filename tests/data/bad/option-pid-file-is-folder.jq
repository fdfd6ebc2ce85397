# expect: carte-runtime: create '@ID@': write the pid file @TMP@: Is a directory
# args: --pid-file "$TMP"
.
