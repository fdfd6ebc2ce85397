# expect: carte-runtime: create '@ID@': exec: "/bin": is a directory: permission denied
# status: 1
.process.args = ["/bin"]
