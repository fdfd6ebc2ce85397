# expect: carte-runtime: create '@ID@': connect to the console socket @TMP@/console.sock: No such file or directory
# args: --console-socket "$TMP/console.sock"
.process.terminal = true
