# expect: carte-runtime: create '@ID@': config.json: process.terminal: is not true, so --console-socket has nothing to receive
# args: --console-socket "$TMP/console.sock"
.
