#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# config.json's process: what the program is given.
load helpers

@test "args: argv[0] as given, arguments exact" {
	args sh -c 'printf "<%s>" "$0" "$@"' 'a b' '' '*' $'x\ny'
	run_ct
	good
	prints $'<a b><><*><x\ny>'
}

@test "args: PATH lookup by the container's PATH" {
	mkdir -p "$BUNDLE/rootfs/opt/first" "$BUNDLE/rootfs/opt/second"
	printf '#!/bin/sh\necho second $0\n' >"$BUNDLE/rootfs/opt/second/tool"
	chmod 755 "$BUNDLE/rootfs/opt/second/tool"
	# found but not executable: looked for further
	echo no >"$BUNDLE/rootfs/opt/first/tool"
	args tool
	config '.process.env += ["PATH=/opt/first:/opt/second:/bin"]'
	run_ct
	good
	prints "second /opt/second/tool"
}

@test "args: relative path is relative to cwd" {
	printf '#!/bin/sh\necho rel\n' >"$BUNDLE/rootfs/tmp/tool"
	chmod 755 "$BUNDLE/rootfs/tmp/tool"
	args ./tool
	config '.process.cwd = "/tmp"'
	run_ct
	good
	prints rel
}

@test "args: none" {
	config '.process.args = []'
	run_ct
	refused args
}

@test "args: a script without interpreter line is not run by a shell" {
	echo 'echo hi' >"$BUNDLE/rootfs/tool"
	chmod 755 "$BUNDLE/rootfs/tool"
	args /tool
	run_ct
	[ "$status" -ne 0 ]
	[[ ${err,,} == *"exec format error"* ]] || show "expected exec format error"
}

@test "env: exact, last of two wins" {
	config '.process.env = ["PATH=/bin", "A=1", "B= x y ", "A=2", "E="]'
	args env
	run_ct
	good
	same "$(sort "$D/out" | grep -v '^HOME=')" $'A=2\nB= x y \nE=\nPATH=/bin'
}

@test "env: HOME from the container's passwd, kept when given" {
	requires_ids
	config '.process.user.uid = 1000'
	inside 'echo $HOME'
	prints /home/alice
	config '.process.env += ["HOME=/given"]'
	inside 'echo $HOME'
	prints /given
	config '.process.user.uid = 4242 | .process.env |= map(select(startswith("HOME=") | not))'
	inside 'echo $HOME'
	prints /
}

@test "cwd: used, made when missing" {
	writable
	config '.process.cwd = "/tmp"'
	inside pwd
	prints /tmp
	config '.process.cwd = "/made/by/runtime"'
	inside pwd
	prints /made/by/runtime
}

@test "cwd: must be absolute" {
	config '.process.cwd = "tmp"'
	run_ct
	refused
	[[ ${err,,} == *cwd* ]] || show "names cwd"
}

@test "cwd: not a folder" {
	config '.process.cwd = "/etc/passwd"'
	run_ct
	refused
	[[ ${err,,} == *"not a directory"* ]] || show "not a directory"
}

@test "cwd: only the user can enter it" {
	requires_root "gives files to nobody else"
	mkdir -m 700 "$BUNDLE/rootfs/home/own"
	chown 1000:1000 "$BUNDLE/rootfs/home/own"
	config '.process.cwd = "/home/own" | .process.user = {uid: 1000, gid: 1000} | .process.capabilities = {}'
	inside pwd
	prints /home/own
}

@test "user: uid, gid, additional groups" {
	requires_ids
	config '.process.user = {uid: 1234, gid: 567, additionalGids: [5, 50, 99]}'
	inside 'id -u; id -g; grep -E "^(Uid|Gid|Groups)" /proc/self/status'
	prints $'1234\n567\nUid:\t1234\t1234\t1234\t1234\nGid:\t567\t567\t567\t567\nGroups:\t5 50 99 '
}

@test "user: no groups of the caller are left" {
	requires_root "has the groups that he has"
	inside 'grep Groups: /proc/self/status'
	prints $'Groups:\t '
	# also when the caller has some
	args grep Groups: /proc/self/status
	try setpriv --groups 10,20 "$RUNTIME" --root "$ROOT" run -b "$BUNDLE" "$CID"
	good
	matches $'^Groups:\t ?0? ?$'
}

@test "user: umask" {
	writable
	config '.process.user.umask = 27'
	inside 'umask; touch /f; stat -c %a /f'
	prints $'0033\n644'
}

@test "user: umask default is 0022" {
	umask 077
	inside umask
	prints 0022
}

@test "rlimits: soft and hard, all that are below ours" {
	config '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 100, hard: 200}, {type: "RLIMIT_CORE", soft: 0, hard: 0},
		{type: "RLIMIT_STACK", soft: 1048576, hard: 2097152}, {type: "RLIMIT_CPU", soft: 50, hard: 60}, {type: "RLIMIT_FSIZE", soft: 123456, hard: 234567}]'
	inside 'grep -E "open files|core file|stack|cpu time|file size" /proc/self/limits | sed "s/  */ /g"'
	has "Max cpu time 50 60 seconds"
	has "Max file size 123456 234567 bytes"
	has "Max stack size 1048576 2097152 bytes"
	has "Max core file size 0 0 bytes"
	has "Max open files 100 200 files"
}

@test "rlimits: unknown type, twice the same, soft above hard" {
	config '.process.rlimits = [{type: "RLIMIT_NOSUCH", soft: 1, hard: 1}]'
	run_ct
	refused RLIMIT_NOSUCH
	requires_carte "these checks"
	config '.process.rlimits = [{type: "RLIMIT_CORE", soft: 0, hard: 0}, {type: "RLIMIT_CORE", soft: 0, hard: 0}]'
	run_ct
	refused rlimits
	config '.process.rlimits = [{type: "RLIMIT_CORE", soft: 2, hard: 1}]'
	run_ct
	refused rlimits
}

caps_inside() {
	args grep '^Cap' /proc/self/status
	run_ct
	good
}

@test "capabilities: each of the five sets is its own" {
	requires_ids
	config '.process.capabilities = {bounding: ["CAP_CHOWN", "CAP_KILL", "CAP_SYS_TIME"], permitted: ["CAP_CHOWN", "CAP_KILL"],
		effective: ["CAP_CHOWN"], inheritable: ["CAP_KILL"], ambient: ["CAP_KILL"]} | .process.user.uid = 1000'
	caps_inside
	# a non-root execve: permitted = ambient
	has $'CapInh:\t0000000000000020'
	has $'CapPrm:\t0000000000000020'
	has $'CapEff:\t0000000000000020'
	has $'CapBnd:\t0000000002000021'
	has $'CapAmb:\t0000000000000020'
}

@test "capabilities: root gets the bounding set by execve" {
	config '.process.noNewPrivileges = false | .process.capabilities = {bounding: ["CAP_CHOWN", "CAP_NET_RAW"], permitted: ["CAP_CHOWN", "CAP_NET_RAW"], effective: ["CAP_CHOWN", "CAP_NET_RAW"]}'
	caps_inside
	has $'CapEff:\t0000000000002001'
	has $'CapPrm:\t0000000000002001'
	has $'CapInh:\t0000000000000000'
	has $'CapAmb:\t0000000000000000'
}

@test "capabilities: absent means none" {
	config 'del(.process.capabilities)'
	args grep '^Cap' /proc/self/status
	run_ct
	good
	[ "$RUNTIME_KIND" != carte ] || has $'CapBnd:\t0000000000000000'
	has $'CapEff:\t0000000000000000'
}

@test "capabilities: a non-root user without ambient has none" {
	requires_ids
	config '.process.user.uid = 1000 | .process.capabilities.ambient = []'
	caps_inside
	has $'CapEff:\t0000000000000000'
	has $'CapAmb:\t0000000000000000'
}

@test "noNewPrivileges" {
	inside 'grep NoNewPrivs /proc/self/status'
	prints $'NoNewPrivs:\t1'
	config '.process.noNewPrivileges = false'
	inside 'grep NoNewPrivs /proc/self/status'
	prints $'NoNewPrivs:\t0'
}

@test "oomScoreAdj" {
	config '.process.oomScoreAdj = 555'
	inside 'cat /proc/self/oom_score_adj'
	prints 555
}

@test "scheduler: batch with nice, fifo with priority" {
	requires_carte scheduler
	requires_probe
	args probe sched
	config '.process.scheduler = {policy: "SCHED_BATCH", nice: 7}'
	run_ct
	good
	has "policy=3 nice=7"
	config '.process.scheduler = {policy: "SCHED_FIFO", priority: 3, flags: ["SCHED_FLAG_RESET_ON_FORK"]}'
	config 'del(.linux.cgroupsPath)'
	run_ct
	if [ "$status" -ne 0 ]; then
		# an rt-group-scheduling kernel gives a new cgroup no realtime budget
		says_like "[Oo]peration not permitted"
	else
		has "policy=1"
		has "priority=3 flags=1"
	fi
}

@test "scheduler: unknown policy" {
	requires_carte scheduler
	config '.process.scheduler = {policy: "SCHED_NOSUCH"}'
	run_ct
	refused "process.scheduler.policy"
}

@test "ioPriority" {
	requires_carte ioPriority
	requires_probe
	args probe ioprio
	config '.process.ioPriority = {class: "IOPRIO_CLASS_BE", priority: 6}'
	run_ct
	good
	prints "class=2 level=6"
	config '.process.ioPriority = {class: "IOPRIO_CLASS_IDLE", priority: 0}'
	run_ct
	good
	has "class=3"
}

@test "personality: LINUX32" {
	requires_carte "personality"
	requires_probe
	args probe personality
	config '.linux.personality = {domain: "LINUX32"}'
	run_ct
	good
	prints 0x8
	config '.linux.personality = {domain: "LINUX"}'
	run_ct
	good
	prints 0
}

@test "memoryPolicy" {
	requires_carte memoryPolicy
	requires_probe
	args probe mempolicy
	config '.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "0"}'
	run_ct
	good
	prints "mode=0x2 nodes=0x1"
	config '.linux.memoryPolicy = {mode: "MPOL_INTERLEAVE", nodes: "0", flags: ["MPOL_F_STATIC_NODES"]}'
	run_ct
	good
	prints "mode=0x8003 nodes=0x1"
	config '.linux.memoryPolicy = {mode: "MPOL_NOSUCH"}'
	run_ct
	refused linux.memoryPolicy.mode
}

@test "keyring: a session of its own, unless told not to" {
	requires_probe
	args probe keyring
	run_ct
	good
	matches ";_ses\\.$CID\$"
	run_ct --no-new-keyring
	good
	has_not "_ses.$CID"
}

@test "preserve-fds: exactly so many more, others closed" {
	requires_probe
	args probe fds
	echo three >"$D/three"
	try sh -c 'exec 3<"$1" 4<"$1" 7<"$1"; shift; exec "$@"' sh "$D/three" timeout 20 "$RUNTIME" --root "$ROOT" run --preserve-fds 1 -b "$BUNDLE" "$CID"
	good
	same "$(cut -d' ' -f1 "$D/out" | sort -n | tr '\n' ' ')" "0 1 2 3 "
	script 'cat <&3'
	try sh -c 'exec 3<"$1"; shift; exec "$@"' sh "$D/three" timeout 20 "$RUNTIME" --root "$ROOT" run --preserve-fds 1 -b "$BUNDLE" "$CID"
	good
	prints three
}

@test "preserve-fds: a descriptor that is not open is an error" {
	requires_carte "this check"
	args true
	try sh -c 'exec 3>&- 4>&-; exec "$@"' sh timeout 20 "$RUNTIME" --root "$ROOT" run --preserve-fds 2 -b "$BUNDLE" "$CID"
	[ "$status" -ne 0 ]
}

@test "LISTEN_FDS: passed, LISTEN_PID is 1" {
	requires_probe
	echo x >"$D/x"
	script 'echo $LISTEN_FDS $LISTEN_PID; cat <&3; probe fds | cut -d" " -f1 | tr "\n" " "'
	try sh -c 'exec 3<"$1" 5<"$1"; shift; LISTEN_FDS=1 LISTEN_PID=$$ exec "$@"' sh "$D/x" "$RUNTIME" --root "$ROOT" run -b "$BUNDLE" "$CID"
	good
	prints $'1 1\nx\n0 1 2 3 '
}

@test "NOTIFY_SOCKET: READY is relayed with MAINPID" {
	requires_python
	requires_probe
	agent notify
	script 'probe notify READY=1; sleep 0.2'
	NOTIFY_SOCKET=$D/notify.sock try rt run -b "$BUNDLE" "$CID"
	good
	has sent
	await 5 grep -q READY=1 "$D/notify"
}

@test "NOTIFY_SOCKET: start waits for READY of a detached container" {
	requires_python
	requires_probe
	requires_carte "a fixed time of waiting"
	agent notify
	script 'sleep 0.3; probe notify READY=1; sleep 1000'
	NOTIFY_SOCKET=$D/notify.sock try rt create -b "$BUNDLE" "$CID"
	good
	NOTIFY_SOCKET=$D/notify.sock try rt start "$CID"
	good
	await 5 grep -q READY=1 "$D/notify"
	await 5 grep -q "MAINPID=$(pid_of)" "$D/notify"
}

@test "pidfd-socket: a pidfd of init" {
	requires_carte --pidfd-socket
	requires_python
	agent pidfd
	args sleep 1000
	create_ct --pidfd-socket "$D/pidfd.sock"
	await 5 test -s "$D/pidfd"
	same "$(cat "$D/pidfd")" "$(pid_of)"
}

@test "pidfd-socket: run in the foreground and detached, and with a process of its own" {
	requires_carte --pidfd-socket
	requires_python
	agent pidfd
	args true
	run_ct --pidfd-socket "$D/pidfd.sock" --pid-file "$D/pid"
	good
	await 5 test -s "$D/pidfd"
	same "$(cat "$D/pidfd.bytes")" pidfd
	# it has ended, and its pidfd says so; it was that one
	[ "$(cat "$D/pidfd")" = -1 ] || same "$(cat "$D/pidfd")" "$(cat "$D/pid")"
	rm "$D/pidfd" "$D/pidfd.sock" "$D/pidfd.ready"
	agent pidfd
	args sleep 1000
	run_ct -d --pidfd-socket "$D/pidfd.sock"
	good
	await 5 test -s "$D/pidfd"
	same "$(cat "$D/pidfd")" "$(pid_of)"
}

@test "pidfd-socket: nobody listens: no container, no process" {
	requires_carte --pidfd-socket
	args sleep 1000
	try rt create --pidfd-socket "$D/nosuch" --pid-file "$D/pid" -b "$BUNDLE" "$CID"
	refused "carte-runtime: create '$CID': connect to the pidfd socket $D/nosuch: No such file or directory"
	try rt run --pidfd-socket "$D/nosuch" -b "$BUNDLE" "$CID"
	refused "carte-runtime: run '$CID': connect to the pidfd socket $D/nosuch: No such file or directory"
	idle
	exec_ct -d --pidfd-socket "$D/nosuch" --pid-file "$D/pid" @ sleep 900
	exits 255
	says "carte-runtime: exec '$CID': connect to the pidfd socket $D/nosuch: No such file or directory"
	[ ! -e "$D/pid" ]
	await 5 count_ps 1
}

# ---- terminals ---------------------------------------------------------------------------------------------------
@test "terminal: console-socket gets the pty, with name and size" {
	requires_python
	agent console
	config '.process.terminal = true | .process.consoleSize = {height: 33, width: 99}'
	script 'tty; stty size; [ -t 0 ] && [ -t 1 ] && [ -t 2 ] && echo all; cat /dev/console >/dev/null & sleep 0.2; kill $!'
	create_ct --console-socket "$D/console.sock"
	start_ct
	await 5 grep -q all "$D/console"
	same "$(tr -d '\r' <"$D/console" | head -n 2)" $'/dev/pts/0\n33 99'
	same "$(cat "$D/console.size")" "33 99"
	[ "$(wc -c <"$D/console.name")" -ge 1 ]
}

@test "terminal: it is the controlling one" {
	requires_python
	agent console
	config '.process.terminal = true'
	script 'echo through >/dev/tty; sleep 0.2'
	create_ct --console-socket "$D/console.sock"
	start_ct
	await 5 grep -q through "$D/console"
}

@test "terminal: owner and mode of the slave" {
	requires_ids
	requires_python
	agent console
	config '.process.terminal = true | .process.user = {uid: 1000, gid: 1000}'
	script 'stat -c "%u %g %a" $(tty); sleep 0.2'
	create_ct --console-socket "$D/console.sock"
	start_ct
	await 5 test -e "$D/console.done"
	same "$(tr -d '\r' <"$D/console")" "1000 5 620"
}

@test "terminal: foreground relay, size, input, exit status" {
	requires_python
	config '.process.terminal = true'
	local pause=''
	# runc sets the size some time after the start
	[ "$RUNTIME_KIND" = carte ] || pause='sleep 0.5; '
	script "$pause"'stty size; read line; echo "got $line"; exit 6'
	try "$TESTS/lib/pty-run" --size 44x111 --send 'typed\n' -- "$RUNTIME" --root "$ROOT" run -b "$BUNDLE" "$CID"
	exits 6
	has "44 111"
	has "got typed"
}

@test "terminal: SIGWINCH resizes it" {
	requires_python
	config '.process.terminal = true'
	script 'echo ready; for i in $(seq 50); do s=$(stty size 2>/dev/null); [ "${s:-24 80}" != "24 80" ] && break; sleep 0.1; done; echo "now $s"'
	try "$TESTS/lib/pty-run" --size 24x80 --resize 50x120 -- "$RUNTIME" --root "$ROOT" run -b "$BUNDLE" "$CID"
	good
	has "now 50 120"
}

@test "terminal: ^C reaches the container, not the runtime" {
	requires_python
	config '.process.terminal = true'
	script 'trap "echo interrupted; exit 3" INT; echo ready; while :; do sleep 0.1; done'
	try "$TESTS/lib/pty-run" --send '\x03' -- "$RUNTIME" --root "$ROOT" run -b "$BUNDLE" "$CID"
	exits 3
	has interrupted
}

@test "terminal: no console-socket for create or run -d is an error; nor one without terminal" {
	config '.process.terminal = true'
	try rt create -b "$BUNDLE" "$CID"
	refused
	says_like 'console.?socket'
	try rt run -d -b "$BUNDLE" "$CID"
	refused
	config '.process.terminal = false'
	try rt create --console-socket "$D/nosuch.sock" -b "$BUNDLE" "$CID"
	refused
}

@test "terminal: console-socket that nobody listens on" {
	config '.process.terminal = true'
	try rt create --console-socket "$D/nosuch.sock" -b "$BUNDLE" "$CID"
	refused "nosuch.sock"
}

@test "closed standard descriptors become /dev/null, not files of the runtime" {
	requires_carte "filled standard descriptors"
	local fd
	writable
	mkdir -p "$BUNDLE/rootfs/seen"
	chmod 777 "$BUNDLE/rootfs/seen"
	script 'for fd in 0 1 2; do stat -L -c %t:%T /proc/self/fd/$fd >/seen/$fd; done; cat; exit 7'
	status=0
	rt run -b "$BUNDLE" "$CID" <&- >&- 2>&- || status=$?
	same "$status" 7
	for fd in 0 1 2; do
		case $fd in
		1) ;; # stat's own, the file in /seen
		*) same "$(cat "$BUNDLE/rootfs/seen/$fd")" 1:3 ;;
		esac
	done
}

@test "signals: none is ignored or blocked, whatever the caller did" {
	requires_python
	requires_carte "an empty mask when the caller blocks signals"
	args grep -E '^Sig(Blk|Ign)' /proc/self/status
	try python3 -c '
import os, signal, sys
for number in (signal.SIGHUP, signal.SIGINT, signal.SIGPIPE, signal.SIGCHLD):
    signal.signal(number, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1, signal.SIGTERM])
os.execvp(sys.argv[1], sys.argv[1:])' "$RUNTIME" --root "$ROOT" run -b "$BUNDLE" "$CID"
	good
	# 32 and 33 are the C library's own: a caller may have left them ignored, and the runtime resets 1 to 31
	out=${out/0000000180000000/0000000000000000}
	prints $'SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000'
}
