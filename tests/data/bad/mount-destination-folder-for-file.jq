# expect: carte-runtime: create '@ID@': config.json: mounts[7]: bind @BUNDLE@/file on /etc: one of source @BUNDLE@/file and mount point /etc is a folder, the other is not
# setup: : >file
.mounts += [{destination: "/etc", source: "file", type: "bind", options: ["bind"]}]
