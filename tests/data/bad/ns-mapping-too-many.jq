# expect: carte-runtime: create '@ID@': config.json: linux.uidMappings: at most 340 entries, got 341
.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [range(341) | {containerID: ., hostID: (100000 + .), size: 1}] | .linux.gidMappings = .linux.uidMappings
