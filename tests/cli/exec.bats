#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# exec: a further process in a container.
load helpers

test_setup() { args sleep 1000; }

@test "exec: output, status, stdin" {
	up_ct
	exec_ct @ sh -c 'echo out; echo err >&2; exit 7'
	exits 7
	prints out
	same "$err" err
	echo in >"$D/in"
	IN=$D/in exec_ct @ cat
	good
	prints in
}

@test "exec: 128+N when a signal ends it" {
	up_ct
	exec_ct @ sh -c 'kill -9 $$'
	exits 137
}

@test "exec: after the ID everything is the command" {
	up_ct
	exec_ct @ echo -t --user 5 -- x
	good
	prints "-t --user 5 -- x"
}

@test "exec: in all namespaces and cgroups of the container" {
	local pid ns
	namespace cgroup
	up_ct
	pid=$(pid_of)
	for ns in cgroup ipc mnt net pid uts; do
		exec_ct @ readlink /proc/self/ns/$ns
		good
		prints "$(readlink "/proc/$pid/ns/$ns")"
	done
	exec_ct @ sh -c 'sleep 1000 >/dev/null 2>&1 & exit 0'
	good
	local own
	own=$(rt ps -f json "$CID" | jq -r --argjson p "$pid" 'map(select(. != $p))[0]')
	same "$(sed 's/^[0-9]*://' "/proc/$own/cgroup")" "$(sed 's/^[0-9]*://' "/proc/$pid/cgroup")"
}

@test "exec: failures are 255, with the words that engines match" {
	up_ct
	exec_ct @ no-such-program
	exits 255
	says 'exec: "no-such-program": executable file not found in $PATH'
	exec_ct @ /bin/nosuch
	exits 255
	says 'exec: "/bin/nosuch": stat /bin/nosuch: no such file or directory'
	exec_ct @ /etc/passwd
	exits 255
	says 'exec: "/etc/passwd"'
	says 'permission denied'
	exec_ct @ /etc
	exits 255
	says_like 'is a directory|permission denied'
	exec_ct --cwd /nosuch-cwd/deeper @ true
	[ "$status" -eq 0 ] || exits 255
}

@test "exec: unknown container, not running container" {
	exec_ct @ true
	exits 255
	says "container does not exist"
	args true
	up_ct
	await_status stopped
	exec_ct @ true
	exits 255
	says_like "container not running|cannot exec in a stopped container"
}

@test "exec: a created container" {
	requires_root "enters a container once it runs"
	create_ct
	exec_ct @ echo yes
	good
	prints yes
	same "$(state_of .status)" created
}

@test "exec: no command" {
	up_ct
	exec_ct @
	exits 255
}

@test "exec: --cwd, --env, --user with group" {
	requires_ids
	up_ct
	exec_ct --cwd /tmp --env A=1 --env 'B=x y' --user 1000:50 @ sh -c 'echo $PWD $A $B $(id -u):$(id -g)'
	good
	prints "/tmp 1 x y 1000:50"
	exec_ct -u 1000 -e A=1 @ sh -c 'echo $(id -u):$(id -g) $HOME'
	good
	prints "1000:0 /home/alice"
}

@test "exec: env comes from the config, HOME from passwd" {
	config '.process.env += ["FROM=config"]'
	up_ct
	exec_ct @ sh -c 'echo $FROM $HOME'
	prints "config /root"
}

@test "exec: bad --user" {
	local user
	up_ct
	for user in 1x x root -1 1: :1 1:x ' 1' 0x10; do
		exec_ct --user "$user" @ id -u
		[ "$status" -ne 0 ] || show "accepted user '$user'"
	done
	requires_carte "the other checks"
	for user in 1:2:3 4294967296 4294967295 18446744073709551616 '1 '; do
		exec_ct --user "$user" @ id -u
		exits 255
	done
}

@test "exec: --additional-gids" {
	requires_ids
	up_ct
	exec_ct -g 5 -g 50 @ grep Groups: /proc/self/status
	good
	prints $'Groups:\t5 50 '
	exec_ct @ grep Groups: /proc/self/status
	prints $'Groups:\t '
}

@test "exec: additionalGids of the config are not inherited by another user's exec, or are" {
	requires_ids
	config '.process.user.additionalGids = [77]'
	up_ct
	exec_ct @ grep Groups: /proc/self/status
	good
	matches $'^Groups:\t(77 )? ?$'
}

@test "exec: --cap adds to bounding, effective and permitted, never inheritable or ambient" {
	config '.process.capabilities = {bounding: ["CAP_KILL"], effective: ["CAP_KILL"], permitted: ["CAP_KILL"]}'
	up_ct
	exec_ct --cap CAP_SYS_TIME --cap CAP_NET_RAW @ grep ^Cap /proc/self/status
	good
	has $'CapBnd:\t0000000002002020'
	has $'CapEff:\t0000000002002020'
	has $'CapInh:\t0000000000000000'
	has $'CapAmb:\t0000000000000000'
	exec_ct @ grep ^Cap /proc/self/status
	has $'CapBnd:\t0000000000000020'
}

@test "exec: unknown --cap is refused by name, or gives nothing" {
	config '.process.capabilities = {}'
	up_ct
	exec_ct --cap CAP_NOSUCH @ grep -E "^Cap(Eff|Bnd)" /proc/self/status
	if [ "$status" -ne 0 ]; then
		exits 255
		says CAP_NOSUCH
	else
		prints $'CapEff:\t0000000000000000\nCapBnd:\t0000000000000000'
	fi
}

@test "exec: --no-new-privs" {
	config '.process.noNewPrivileges = false'
	up_ct
	exec_ct @ grep NoNewPrivs /proc/self/status
	prints $'NoNewPrivs:\t0'
	exec_ct --no-new-privs @ grep NoNewPrivs /proc/self/status
	prints $'NoNewPrivs:\t1'
}

@test "exec: rlimits and oom score of the config" {
	config '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 77, hard: 88}] | .process.oomScoreAdj = 321'
	up_ct
	exec_ct @ sh -c 'ulimit -n; cat /proc/self/oom_score_adj'
	good
	prints $'77\n321'
}

@test "exec: seccomp of the config" {
	config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 40}]}'
	up_ct
	exec_ct @ mkdir /tmp/x
	says "Too many levels of symbolic links"
}

@test "exec: --detach, --pid-file" {
	up_ct
	exec_ct --detach --pid-file "$D/pid" @ sleep 999
	good
	same "$(tr '\0' ' ' <"/proc/$(cat "$D/pid")/cmdline")" "sleep 999 "
	same "$(wc -l <"$D/pid")" 0
}

@test "exec: pid-file is not written when it fails" {
	up_ct
	exec_ct --detach --pid-file "$D/pid" @ no-such-program
	exits 255
	[ ! -e "$D/pid" ]
}

@test "exec: --process file" {
	requires_ids
	up_ct
	cat >"$D/p.json" <<-'JSON'
		{"args": ["sh", "-c", "echo $A $PWD $(id -u) $(id -g); grep -E '^(Groups|CapEff|NoNewPrivs)' /proc/self/status; ulimit -n"],
		 "env": ["PATH=/bin", "A=b"], "cwd": "/tmp", "noNewPrivileges": true,
		 "user": {"uid": 1000, "gid": 1000, "additionalGids": [50]},
		 "capabilities": {"bounding": ["CAP_KILL"], "permitted": ["CAP_KILL"], "effective": ["CAP_KILL"], "inheritable": ["CAP_KILL"], "ambient": ["CAP_KILL"]},
		 "rlimits": [{"type": "RLIMIT_NOFILE", "soft": 55, "hard": 66}]}
	JSON
	exec_ct --process "$D/p.json" @
	good
	prints $'b /tmp 1000 1000\nGroups:\t50 \nCapEff:\t0000000000000020\nNoNewPrivs:\t1\n55'
}

@test "exec: --process file: umask, scheduler, ioPriority" {
	requires_carte "these in exec"
	requires_probe
	up_ct
	cat >"$D/p.json" <<-'JSON'
		{"args": ["sh", "-c", "umask; probe sched; probe ioprio"], "cwd": "/", "env": ["PATH=/bin"], "user": {"uid": 0, "gid": 0, "umask": 63},
		 "scheduler": {"policy": "SCHED_BATCH", "nice": 4}, "ioPriority": {"class": "IOPRIO_CLASS_BE", "priority": 5}}
	JSON
	exec_ct -p "$D/p.json" @
	good
	has 0077
	has "policy=3 nice=4"
	has "class=2 level=5"
}

@test "exec: --process file: what it leaves out is the container's" {
	config '.process.oomScoreAdj = 77 | .process.rlimits = [{type: "RLIMIT_NOFILE", soft: 55, hard: 66}]'
	up_ct
	cat >"$D/p.json" <<-'JSON'
		{"args": ["sh", "-c", "grep CapEff /proc/self/status; ulimit -n; cat /proc/self/oom_score_adj"], "cwd": "/", "env": ["PATH=/bin"]}
	JSON
	exec_ct --process "$D/p.json" @
	good
	prints $'CapEff:\t0000000020000420\n55\n77'
}

@test "exec: --process file that is broken" {
	up_ct
	exec_ct --process "$D/nosuch.json" @
	exits 255
	says nosuch.json
	echo '{"args": 5}' >"$D/p.json"
	exec_ct --process="$D/p.json" @
	exits 255
	[ "$RUNTIME_KIND" != carte ] || says "args: expected array, got number"
}

@test "exec: descriptors: exactly stdio" {
	requires_probe
	up_ct
	try bash -c 'exec 8</dev/null 11</dev/null; exec "$@"' bash "$RUNTIME" --root "$ROOT" exec "$CID" probe fds
	good
	same "$(cut -d' ' -f1 "$D/out" | sort -n | tr '\n' ' ')" "0 1 2 "
}

@test "exec: --preserve-fds" {
	up_ct
	echo kept >"$D/f"
	try sh -c 'exec 3<"$1"; shift; exec "$@"' sh "$D/f" "$RUNTIME" --root "$ROOT" exec --preserve-fds 1 "$CID" sh -c 'cat <&3'
	good
	prints kept
}

@test "exec: --tty relayed" {
	requires_python
	up_ct
	local pause=''
	[ "$RUNTIME_KIND" = carte ] || pause='sleep 0.5; '
	try "$TESTS/lib/pty-run" --size 41x101 --send 'typed\n' -- "$RUNTIME" --root "$ROOT" exec -t "$CID" sh -c "$pause"'stty size; read x; echo "got $x"; exit 4'
	exits 4
	has "41 101"
	has "got typed"
}

@test "exec: --tty with --console-socket, detached" {
	requires_python
	agent console
	up_ct
	exec_ct -d --tty --console-socket "$D/console.sock" --pid-file "$D/pid" @ sh -c 'tty; sleep 0.2'
	good
	await 5 grep -q /dev/pts/ "$D/console"
}

@test "exec: --cgroup: a sub-cgroup, of one controller or all" {
	requires_own_cgroup
	requires_v1 memory
	no_namespace cgroup
	up_ct
	mkdir "$(cgroup_dir memory)/sub" "$(cgroup_dir pids)/sub"
	exec_ct --cgroup memory:sub @ sh -c 'grep -E ":(memory|pids):" /proc/self/cgroup | sed "s/.*:\(memory\|pids\)/\1/" | sort'
	good
	prints "memory:/$CID/sub
pids:/$CID"
	exec_ct --cgroup memory,pids:/sub @ sh -c 'grep -E ":(memory|pids):" /proc/self/cgroup | sed "s/.*:\(memory\|pids\)/\1/" | sort'
	good
	prints "memory:/$CID/sub
pids:/$CID/sub"
}

@test "exec: --cgroup on v2: a sub-cgroup, and nothing outside" {
	requires_v2
	requires_carte "a path alone"
	local path
	up_ct
	mkdir "$(cgroup_dir all)/sub"
	for path in sub /sub; do
		exec_ct --cgroup "$path" @ grep ^0: /proc/self/cgroup
		good
		prints 0::/sub
	done
	for path in ../x sub/../.. nosuch; do
		exec_ct --cgroup "$path" @ true
		[ "$status" -ne 0 ] || show "accepted $path"
		says "$path"
	done
	exec_ct @ grep ^0: /proc/self/cgroup
	prints 0::/
}

@test "exec: --cgroup outside is refused" {
	requires_v1 memory
	local path
	up_ct
	for path in memory:../x memory:.. memory:nosuch; do
		exec_ct --cgroup "$path" @ true
		[ "$status" -ne 0 ] || show "accepted $path"
	done
}

@test "exec: paused container is refused, --ignore-paused waits for resume" {
	requires_own_cgroup
	up_ct
	rt pause "$CID"
	exec_ct @ true
	exits 255
	says paused
	exec_ct --detach --ignore-paused @ sleep 0 &
	local job=$!
	sleep 0.3
	rt resume "$CID"
	wait $job
}

@test "exec: parallel" {
	local i jobs=()
	up_ct
	for i in 1 2 3 4 5 6 7 8; do
		rt exec "$CID" sh -c "echo $i" >"$D/o$i" 2>&1 </dev/null &
		jobs+=($!)
	done
	for i in "${jobs[@]}"; do wait "$i"; done
	same "$(cat "$D"/o? | sort -n | tr '\n' ' ')" "1 2 3 4 5 6 7 8 "
}

@test "exec: user namespace" {
	map_ids 100000 5000
	up_ct
	exec_ct @ sh -c 'id -u; cat /proc/self/uid_map | tr -s " "'
	good
	prints "0
 0 ${UID_A:-100000} 5000"
}

@test "exec: --pidfd-socket" {
	requires_carte --pidfd-socket
	requires_python
	agent pidfd
	up_ct
	exec_ct -d --pidfd-socket "$D/pidfd.sock" --pid-file "$D/pid" @ sleep 900
	good
	await 5 test -s "$D/pidfd"
	same "$(cat "$D/pidfd")" "$(cat "$D/pid")"
}

@test "exec: execCPUAffinity" {
	requires_carte execCPUAffinity
	[ "$(nproc)" -gt 1 ] || skip "one CPU only"
	config '.process.execCPUAffinity = {initial: "0", final: "1"}'
	up_ct
	exec_ct @ grep Cpus_allowed_list /proc/self/status
	good
	prints $'Cpus_allowed_list:\t1'
}

@test "exec: a signal to the foreground exec reaches its process" {
	up_ct
	"$RUNTIME" --root "$ROOT" exec "$CID" sh -c 'trap "exit 5" TERM; echo ready; while :; do sleep 0.05; done' >"$D/o" 2>&1 </dev/null 3>&- &
	local job=$! st=0
	await 5 grep -q ready "$D/o"
	kill -TERM $job
	wait $job || st=$?
	same $st 5
}

@test "exec: the container dies meanwhile" {
	up_ct
	"$RUNTIME" --root "$ROOT" exec "$CID" sleep 1000 >"$D/o" 2>&1 </dev/null 3>&- &
	local job=$! st=0
	await 5 count_ps 2
	rt kill "$CID" KILL
	wait $job || st=$?
	same $st 137
}
