# expect: carte-runtime: create '@ID@': config.json: process.oomScoreAdj: expected integer, got string
.process.oomScoreAdj = "100"
