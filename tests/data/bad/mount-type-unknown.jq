# expect: carte-runtime: create '@ID@': config.json: mounts[7]: mount nosuchfs on /tmp: this kernel has no file system of type "nosuchfs"
# status: 7
.mounts += [{destination: "/tmp", source: "none", type: "nosuchfs"}]
