# expect: carte-runtime: create '@ID@': config.json: mounts[7]: bind @BUNDLE@/loop on /tmp: source @BUNDLE@/loop: Too many levels of symbolic links
# setup: ln -s loop loop
.mounts += [{destination: "/tmp", source: "loop", type: "bind", options: ["bind"]}]
