# expect: carte-runtime: create '@ID@': container's cgroup is not empty: /sys/fs/cgroup/pids/@ID@ has 1 process(es), such as @WORD@
# status: 1
# setup: mkdir "/sys/fs/cgroup/pids/$ID"; sleep 60 & echo $! >"/sys/fs/cgroup/pids/$ID/cgroup.procs"; printf %s $! >"$TMP/word"
# teardown: kill $(cat "$TMP/word"); sleep 0.1; rmdir "/sys/fs/cgroup/pids/$ID"
# needs: v1:pids
.
