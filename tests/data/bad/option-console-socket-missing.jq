# expect: carte-runtime: create '@ID@': connect to the console socket @TMP@/console.sock: No such file or directory
# status: 1
# args: --console-socket "$TMP/console.sock"
.process.terminal = true
