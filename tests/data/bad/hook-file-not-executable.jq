# expect: carte-runtime: create '@ID@': config.json: hooks.prestart[0]: @BUNDLE@/hook: exec: Permission denied
# status: 8
# setup: echo '#!/bin/sh' >hook
.hooks = {prestart: [{path: ($bundle + "/hook")}]}
