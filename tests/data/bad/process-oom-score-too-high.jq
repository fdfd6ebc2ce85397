# expect: carte-runtime: create '@ID@': config.json: process.oomScoreAdj: must be -1000 to 1000, got 1001
.process.oomScoreAdj = 1001
