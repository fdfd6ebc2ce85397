# expect: carte-runtime: create '@ID@': exec: "/bin": is a directory: permission denied
.process.args = ["/bin"]
