# expect: carte-runtime: create '@ID@': config.json: linux.intelRdt.memBwSchema: expected one line that starts with MB:, got 'L3:0=f'
.linux.intelRdt = {memBwSchema: "L3:0=f"}
