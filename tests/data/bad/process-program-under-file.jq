# expect: carte-runtime: create '@ID@': exec: "/bin/true/x": stat /bin/true/x: not a directory
# status: 1
.process.args = ["/bin/true/x"]
