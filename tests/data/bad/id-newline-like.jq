# expect: carte-runtime: create 'ä': invalid container ID 'ä': expected 1 to 255 of A-Z a-z 0-9 _ + . -, not starting with '.'
# status: 2
# id: ä
.
