# expect: carte-runtime: create: unknown option --colour
# status: 2
# args: --colour
.
