# expect: carte-runtime: create 'a/b': invalid container ID 'a/b': expected 1 to 255 of A-Z a-z 0-9 _ + . -, not starting with '.'
# status: 2
# id: a/b
.
