# expect: carte-runtime: create '@ID@': config.json: mounts[2]: mount devpts on /dev/pts: devpts: Bad value for 'gid'
(.mounts[] | select(.type == "devpts")).options = ["gid=tty"]
