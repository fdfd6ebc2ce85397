#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The life of a container: create, start, run, state, kill, delete, list, ps, pause, resume.
load helpers

owner() { if [ "$ROOTLESS" = 1 ]; then id -u; else echo root; fi; }

@test "run: output, empty stderr, nothing left" {
	inside 'echo hello'
	prints hello
	same "$err" ""
	[ ! -e "$ROOT/$CID" ]
}

@test "run: exit status of the process" {
	script 'exit 42'
	run_ct
	exits 42
}

b_runs() { [ "$(rt state "$CID-b" 2>/dev/null | jq -r .status)" = running ]; }

@test "run: 128+N when a signal ends it" {
	idle
	config '.process.args = ["sleep", "1001"] | .linux.cgroupsPath += "-b"'
	timeout 20 "$RUNTIME" --root "$ROOT" "${MANAGER_OPTIONS[@]}" run -b "$BUNDLE" "$CID-b" >"$D/o" 2>&1 </dev/null 3>&- &
	local job=$! st=0
	await 5 b_runs
	rt kill "$CID-b" KILL
	wait $job || st=$?
	same $st 137
}

@test "run: stdin is passed" {
	echo "from outside" >"$D/in"
	args cat
	IN=$D/in run_ct
	good
	prints "from outside"
}

@test "run: bundle is the current folder by default" {
	args echo here
	cd "$BUNDLE"
	try rt run "$CID"
	good
	prints here
}

@test "run: relative bundle" {
	args echo here
	cd "$D"
	try rt run --bundle=b "$CID"
	good
	prints here
}

@test "create: created, nothing of the program has run" {
	writable
	script 'touch /ran; sleep 1000'
	create_ct
	same "$(state_of .status)" created
	[ ! -e "$BUNDLE/rootfs/ran" ]
	start_ct
	await 5 test -e "$BUNDLE/rootfs/ran"
	same "$(state_of .status)" running
}

@test "state: the document" {
	config '.annotations = {"org.example.a": "b c", "x": ""}'
	idle
	try rt state "$CID"
	good
	same "$(jq -r .id "$D/out")" "$CID"
	same "$(jq -r .bundle "$D/out")" "$BUNDLE"
	same "$(jq -r .rootfs "$D/out")" "$BUNDLE/rootfs"
	same "$(jq -r '.annotations["org.example.a"]' "$D/out")" "b c"
	same "$(jq -r .status "$D/out")" running
	same "$(jq -r .owner "$D/out" | head -c 40)" "$(if [ "$RUNTIME_KIND" = carte ]; then owner; fi)"
	jq -r .ociVersion "$D/out" | grep -Eq '^1\.[0-9]+\.[0-9]+'
	jq -r .created "$D/out" | grep -Eq '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(\.[0-9]+)?(Z|[+-][0-9:]{5})$'
	same "$(tr '\0' ' ' <"/proc/$(jq .pid "$D/out")/cmdline")" "sleep 1000 "
}

@test "state: stopped has pid 0" {
	args true
	up_ct
	await_status stopped
	same "$(pid_of)" 0
}

@test "state: unknown container" {
	try rt state "$CID"
	fails_as not-found
	says "container does not exist"
}

@test "create: an ID that exists" {
	idle
	try rt create -b "$BUNDLE" "$CID"
	fails_as exists
	says "container with given ID already exists"
	# and the first one is unharmed
	same "$(state_of .status)" running
}

@test "create: an ID that exists, also when stopped" {
	args true
	up_ct
	await_status stopped
	try rt run -b "$BUNDLE" "$CID"
	exits 1
	says "container with given ID already exists"
}

@test "create: bad IDs" {
	local id
	for id in .. . a/b 'a b' 'a:b' '' $'a\nb'; do
		try rt create -b "$BUNDLE" "$id"
		[ "$status" -ne 0 ] || show "accepted: $id"
		[ -z "$(ls -A "$ROOT" 2>/dev/null)" ] || show "left: $(ls -A "$ROOT")"
	done
}

@test "create: every character that an ID may have" {
	CID="$CID-A_z.9+-"
	idle
	same "$(state_of .status)" running
}

@test "start: twice" {
	idle
	try rt start "$CID"
	fails_as state
	says "cannot start a"
}

@test "start: a stopped container" {
	args true
	up_ct
	await_status stopped
	try rt start "$CID"
	fails_as state
	says "cannot start a container that has stopped"
}

@test "start: unknown container" {
	try rt start "$CID"
	fails_as not-found
	says "container does not exist"
}

@test "create: missing operand, too many" {
	try rt create -b "$BUNDLE"
	[ "$status" -ne 0 ]
	try rt create -b "$BUNDLE" "$CID" more
	[ "$status" -ne 0 ]
	[ ! -e "$ROOT/$CID" ]
}

@test "create: no config.json" {
	rm "$BUNDLE/config.json"
	try rt create -b "$BUNDLE" "$CID"
	refused "config.json"
}

@test "create: no bundle" {
	try rt create -b "$D/nowhere" "$CID"
	refused "no such file or directory"
}

@test "create: no root folder" {
	config '.root.path = "nothere"'
	try rt create -b "$BUNDLE" "$CID"
	refused nothere
}

@test "create: program not found fails before start" {
	args /no-such-program
	try rt create -b "$BUNDLE" "$CID"
	refused 'exec: "/no-such-program": stat /no-such-program: no such file or directory'
}

@test "create: program not in PATH" {
	args no-such-program
	try rt create -b "$BUNDLE" "$CID"
	exits 1
	refused 'exec: "no-such-program": executable file not found in $PATH'
}

@test "create: program not executable" {
	echo text >"$BUNDLE/rootfs/text"
	args /text
	try rt create -b "$BUNDLE" "$CID"
	refused 'exec: "/text"' 'permission denied'
}

@test "create: program is a folder" {
	args /etc
	try rt create -b "$BUNDLE" "$CID"
	refused 'exec: "/etc"'
	says_like 'is a directory|permission denied'
}

@test "pid-file: decimal, no newline, the state's pid" {
	idle --pid-file "$D/pid"
	same "$(od -An -c "$D/pid" | tr -d ' \n')" "$(pid_of)"
	same "$(ls -A "$D" | grep -c '^\.\?pid')" 1
}

@test "pid-file: not written when create fails" {
	args /no-such-program
	try rt create --pid-file "$D/pid" -b "$BUNDLE" "$CID"
	refused
	[ ! -e "$D/pid" ]
}

@test "pid-file: replaces what is there" {
	echo 'something longer than a pid' >"$D/pid"
	idle --pid-file "$D/pid"
	same "$(cat "$D/pid")" "$(pid_of)"
}

@test "pid-file: of run -d" {
	args sleep 1000
	run_ct -d --pid-file "$D/pid"
	good
	same "$(cat "$D/pid")" "$(pid_of)"
}

@test "run -d: returns, container runs on" {
	args sleep 1000
	run_ct --detach
	good
	same "$(state_of .status)" running
}

@test "run --keep: stays as stopped" {
	script 'exit 3'
	run_ct --keep
	exits 3
	same "$(state_of .status)" stopped
	try rt delete "$CID"
	good
}

@test "create: init's parent is the caller when that is a subreaper" {
	requires_python
	args sleep 1000
	timeout 20 python3 - "$RUNTIME" --root "$ROOT" "${MANAGER_OPTIONS[@]}" create --pid-file "$D/pid" -b "$BUNDLE" "$CID" >"$D/o" 2>&1 </dev/null 3>&- <<-'PY'
		import ctypes, os, subprocess, sys
		ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
		subprocess.run(sys.argv[1:], check=True, stdin=subprocess.DEVNULL)
		pid = int(open(sys.argv[sys.argv.index("--pid-file") + 1]).read())
		parent = [l for l in open(f"/proc/{pid}/status") if l.startswith("PPid")][0].split()[1]
		os.kill(pid, 9)
		got, status = os.waitpid(pid, 0)
		print("parent", "mine" if int(parent) == os.getpid() else parent, "reaped", got == pid, status)
	PY
	same "$(cat "$D/o")" "parent mine reaped True 9"
}

@test "kill: default is SIGTERM" {
	writable
	script 'trap "echo term >/got; exit" TERM; touch /ready; while :; do sleep 0.05; done'
	up_ct
	await 5 test -e "$BUNDLE/rootfs/ready"
	try rt kill "$CID"
	good
	await_status stopped
	same "$(cat "$BUNDLE/rootfs/got")" term
}

@test "kill: signal by number, name, SIGname, any case" {
	local n=0 signal
	writable
	script 'trap "echo x >>/got" USR1; touch /ready; while :; do sleep 0.05; done'
	up_ct
	await 5 test -e "$BUNDLE/rootfs/ready"
	for signal in 10 USR1 SIGUSR1 usr1; do
		n=$((n + 1))
		try rt kill "$CID" $signal
		good
		await 5 sh -c "[ \$(wc -l <'$BUNDLE/rootfs/got') = $n ]"
	done
}

@test "kill: unknown signals" {
	local signal
	idle
	for signal in NOSUCH SIG 1x 999 -1; do
		try rt kill "$CID" "$signal"
		[ "$status" -ne 0 ] || show "accepted '$signal'"
	done
	same "$(state_of .status)" running
}

@test "kill: a stopped container" {
	args true
	up_ct
	await_status stopped
	try rt kill "$CID"
	fails_as state
	says "container not running"
}

@test "kill: unknown container" {
	try rt kill "$CID"
	fails_as not-found
	says "container does not exist"
}

@test "kill --all: every process, without a pid namespace of its own" {
	requires_own_cgroup
	config 'del(.linux.namespaces[] | select(.type == "pid"))'
	script 'sleep 1000 & sleep 1000 & wait'
	up_ct
	await 5 count_ps 3
	try rt kill --all "$CID" KILL
	good
	await_status stopped
	# the first one's end is not yet that of the others, all of which have the signal
	nobody_there() { [ -z "$(find /sys/fs/cgroup -path "*/$CID/cgroup.procs" -exec cat {} +)" ]; }
	await 5 nobody_there
}

@test "kill --all: a stopped container is no error" {
	args true
	up_ct
	await_status stopped
	try rt kill --all "$CID" KILL
	good
}

@test "kill: a created container" {
	args sleep 1000
	create_ct
	try rt kill "$CID" KILL
	good
	await_status stopped
	try rt delete "$CID"
	good
}

@test "delete: a running container is refused" {
	idle
	try rt delete "$CID"
	fails_as state
	says "is not stopped: running"
	same "$(state_of .status)" running
}

@test "delete: a stopped one" {
	args true
	up_ct
	await_status stopped
	try rt delete "$CID"
	good
	[ ! -e "$ROOT/$CID" ]
	[ -z "$(find /sys/fs/cgroup -maxdepth 3 -name "$CID")" ]
}

@test "delete: a created one" {
	args sleep 1000
	create_ct
	local pid
	pid=$(pid_of)
	try rt delete "$CID"
	good
	gone "$pid"
}

@test "delete --force: running, and frozen" {
	requires_own_cgroup
	local pid
	idle
	pid=$(pid_of)
	try rt delete --force "$CID"
	good
	gone "$pid"
	idle
	rt pause "$CID"
	pid=$(pid_of)
	try rt delete -f "$CID"
	good
	gone "$pid"
}

@test "delete: unknown container; --force is no error" {
	try rt delete "$CID"
	fails_as not-found
	says "container does not exist"
	try rt delete --force "$CID"
	good
	same "$err" ""
}

@test "delete: sub-cgroups and processes that the container made" {
	requires_own_cgroup
	on_v2 || requires_v1 memory
	idle
	mkdir "$(cgroup_dir memory)/sub" "$(cgroup_dir memory)/sub/sub"
	try rt delete --force "$CID"
	good
	[ ! -e "$(cgroup_dir memory)" ]
}

@test "list: table, json, quiet" {
	idle
	try rt list -q
	good
	prints "$CID"
	try rt list --format json
	good
	same "$(jq -r '.[0].id' "$D/out") $(jq -r '.[0].status' "$D/out") $(jq length "$D/out")" "$CID running 1"
	same "$(jq -r '.[0].owner' "$D/out")" "$(owner)"
	try rt list
	good
	matches "ID +PID +STATUS +BUNDLE +CREATED +OWNER"
	matches "$CID +$(pid_of) +running +$BUNDLE +"
}

@test "list: nothing" {
	try rt list -f json
	good
	[[ $out == "[]" || $out == null ]] || show "expected an empty list"
	try rt list -q
	good
	prints ""
}

@test "ps: json is the pids" {
	script 'sleep 1000 & sleep 1000 & wait'
	up_ct
	await 5 count_ps 3
	try rt ps -f json "$CID"
	good
	same "$(jq -r 'map(type) | unique | .[]' "$D/out")" number
	jq -e --argjson pid "$(pid_of)" 'index($pid) != null' "$D/out"
}

@test "ps: table, with arguments for ps" {
	idle
	try rt ps "$CID"
	good
	has "sleep 1000"
	matches "UID +PID"
	try rt ps "$CID" -o pid,args
	good
	matches "PID +COMMAND"
	has "sleep 1000"
	has_not UID
}

@test "ps: unknown container" {
	try rt ps "$CID"
	fails_as not-found
	says "container does not exist"
}

@test "pause, resume: frozen in the kernel, told by state" {
	requires_own_cgroup
	idle
	try rt pause "$CID"
	good
	same "$(state_of .status)" paused
	[ ! -d /sys/fs/cgroup/freezer ] || same "$(cgroup_value freezer freezer.state)" FROZEN
	! on_v2 || same "$(grep frozen "$(cgroup_dir freezer)/cgroup.events")" "frozen 1"
	try rt resume "$CID"
	good
	same "$(state_of .status)" running
	[ ! -d /sys/fs/cgroup/freezer ] || same "$(cgroup_value freezer freezer.state)" THAWED
	! on_v2 || same "$(grep frozen "$(cgroup_dir freezer)/cgroup.events")" "frozen 0"
}

@test "pause, resume: a created container; start and exec are refused meanwhile" {
	requires_own_cgroup
	args sleep 1000
	create_ct
	try rt pause "$CID"
	good
	same "$(state_of .status)" paused
	T=5 try rt start "$CID"
	fails_as state
	says "cannot start a container in the paused state"
	T=5 exec_ct @ true
	exits 255
	says "cannot exec in a paused container"
	try rt resume "$CID"
	good
	same "$(state_of .status)" created
	start_ct
	same "$(state_of .status)" running
}

@test "pause: not running, resume: not paused" {
	idle
	try rt resume "$CID"
	fails_as state
	says "not paused"
	rt kill "$CID" KILL
	await_status stopped
	try rt pause "$CID"
	fails_as state
	says_like "not running|container not running"
}

@test "kill: a paused container, with KILL, dies after resume at the latest" {
	requires_own_cgroup
	idle
	rt pause "$CID"
	try rt kill "$CID" KILL
	good
	rt resume "$CID" 2>/dev/null || true
	await_status stopped
}

@test "foreground run forwards signals" {
	writable
	script 'trap "exit 5" TERM; touch /ready; while :; do sleep 0.05; done'
	"$RUNTIME" --root "$ROOT" "${MANAGER_OPTIONS[@]}" run -b "$BUNDLE" "$CID" >"$D/o" 2>&1 </dev/null 3>&- &
	local job=$! st=0
	await 5 test -e "$BUNDLE/rootfs/ready"
	kill -TERM $job
	wait $job || st=$?
	same $st 5
}

@test "foreground run ends though a grandchild holds stdout" {
	script '(sleep 3 &) ; echo over'
	local begin=$SECONDS
	try rt run -b "$BUNDLE" "$CID"
	good
	[ $((SECONDS - begin)) -lt 3 ]
}

@test "two containers from one bundle" {
	idle
	config '.linux.cgroupsPath += "-b"'
	try rt run -d -b "$BUNDLE" "$CID-b"
	good
	same "$(rt list -q | sort | tr '\n' ' ')" "$CID $CID-b "
}

@test "delete: poststop comes after the processes are gone" {
	idle
	rt kill "$CID" KILL
	await_status stopped
	try rt delete "$CID"
	good
	try rt state "$CID"
	says "container does not exist"
}

@test "create, run: --config, another document of the bundle" {
	requires_carte --config
	args echo other
	mv "$BUNDLE/config.json" "$BUNDLE/other.json"
	try rt run --config=other.json -b "$BUNDLE" "$CID"
	good
	prints other
}

@test "kill, delete: --regex" {
	requires_carte --regex
	idle
	config '.linux.cgroupsPath += "-b"'
	try rt run -d -b "$BUNDLE" "$CID-b"
	good
	try rt kill --regex "^$CID" KILL
	good
	await_status stopped
	await 5 sh -c "[ \$($RUNTIME --root $ROOT state $CID-b | jq -r .status) = stopped ]"
	try rt delete --regex "^$CID-.\$"
	good
	same "$(rt list -q)" "$CID"
	try rt delete -r -f "^$CID"
	good
	same "$(rt list -q)" ""
}

@test "run: a container that was deleted and made anew meanwhile is another one" {
	requires_carte "a run that knows its own container"
	args sleep 1000
	"$RUNTIME" --root "$ROOT" "${MANAGER_OPTIONS[@]}" run -b "$BUNDLE" "$CID" </dev/null >/dev/null 2>"$D/run" 3>&- &
	local job=$!
	await 5 rt exec "$CID" true
	# too slow to see the end of its container
	kill -STOP $job
	try rt delete --force "$CID"
	good
	create_ct
	kill -CONT $job
	wait $job || true
	same "$(cat "$D/run")" ""
	same "$(state_of .status)" created
	start_ct
	same "$(state_of .status)" running
}
