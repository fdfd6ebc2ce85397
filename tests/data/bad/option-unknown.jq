# expect: carte-runtime: create: unknown option --colour
# args: --colour
.
