# expect: carte-runtime: create '@ID@': exec: "/bin/nginx": stat /bin/nginx: no such file or directory
.process.args = ["/bin/nginx"]
