# expect: carte-runtime: create '@ID@': config.json: linux.rootfsPropagation: unknown value 'public', expected one of: private, shared, slave, unbindable, rprivate, rshared, rslave, runbindable
.linux.rootfsPropagation = "public"
