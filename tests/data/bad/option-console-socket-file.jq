# expect: carte-runtime: create '@ID@': connect to the console socket @TMP@/file: Connection refused
# status: 1
# args: --console-socket "$TMP/file"
# setup: : >"$TMP/file"
.process.terminal = true
