# expect: carte-runtime: create '..': invalid container ID '..': expected 1 to 255 of A-Z a-z 0-9 _ + . -, not starting with '.'
# status: 2
# id: ..
.
