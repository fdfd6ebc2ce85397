# expect: carte-runtime: create '@ID@': config.json: hooks.prestart[0]: @BUNDLE@/hook: exec: No such file or directory
# setup: echo '#!/bin/nosuch' >hook; chmod 755 hook
.hooks = {prestart: [{path: ($bundle + "/hook")}]}
