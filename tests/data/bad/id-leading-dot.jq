# expect: carte-runtime: create '.hidden': invalid container ID '.hidden': expected 1 to 255 of A-Z a-z 0-9 _ + . -, not starting with '.'
# status: 2
# id: .hidden
.
