# expect: carte-runtime: create '@ID@': exec: "/bin/nginx": stat /bin/nginx: no such file or directory
# status: 1
.process.args = ["/bin/nginx"]
