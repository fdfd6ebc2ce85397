# expect: carte-runtime: create '@ID@': config.json: mounts[0]: mount proc on /b/proc: /b/proc must be a real folder in the root, not a symlink or below one
# setup: mkdir rootfs/a; ln -s a rootfs/b
.mounts |= map(if .destination == "/proc" then .destination = "/b/proc" else . end)
