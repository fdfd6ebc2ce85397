# expect: carte-runtime: create 'ä': invalid container ID 'ä': expected 1 to 1024 of A-Z a-z 0-9 _ + . -, not starting with '.'
# id: ä
.
