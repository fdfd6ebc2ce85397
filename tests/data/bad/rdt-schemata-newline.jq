# expect: carte-runtime: create '@ID@': config.json: linux.intelRdt.schemata[0]: holds more than one line
.linux.intelRdt = {schemata: ["L3:0=f\nMB:0=10"]}
