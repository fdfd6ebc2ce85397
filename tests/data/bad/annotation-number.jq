# expect: carte-runtime: create '@ID@': config.json: annotations.org.example.count: expected string, got number
.annotations = {"org.example.count": 1}
