#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Landlock rules and core scheduling by annotations.

load helpers

test_setup() {
	requires_carte "Landlock rules"
	writable
	mkdir "$BUNDLE/rootfs/data" "$BUNDLE/rootfs/other"
	echo text >"$BUNDLE/rootfs/data/file"
	echo text >"$BUNDLE/rootfs/other/file"
}
# landlock_abi - of this kernel, 0 for none
landlock_abi() { "${PYTHON:-python3}" -c 'import ctypes; print(max(0, ctypes.CDLL(None).syscall(444, None, 0, 1)))'; }
requires_landlock() { # ABI
	requires_python
	[ "$(landlock_abi)" -ge "$1" ] || skip "the kernel has Landlock ABI $(landlock_abi), not $1"
}
# on a kernel where a system call fails: deny NUMBER FIRST-ARGUMENT ERRNO PROGRAM...
requires_deny() {
	requires_program "${CC:-cc}"
	"${CC:-cc}" -o "$D/deny" "$HELPERS/deny.c"
}
rule() { config '.annotations["io.carte.landlock." + $k] = $v' --arg k "$1" --arg v "$2"; }

@test "landlock: off unless asked" {
	inside 'cat /other/file; grep NoNewPrivs /proc/self/status | tr -d "\t"'
	has text
}

@test "landlock: ro, rw, exec; all else is denied; no_new_privs is set" {
	requires_landlock 3
	rule exec '["/bin"]'
	rule ro '["/data", "/proc"]'
	rule rw '["/other/file", "/dev"]'
	config '.process.noNewPrivileges = false'
	script 'cat /data/file; echo more >>/other/file; cat /other/file; grep NoNewPrivs: /proc/self/status | tr -d "\t"
		echo x >/data/file || echo "data: no write"; touch /other/new || echo "other: nothing new"; rm /data/file || echo "data: no removal"
		ls / || echo "root: no list"; cat /etc/passwd || echo "etc: no read"; cp /bin/busybox /dev/x && /dev/x true || echo "dev: no execution"
		truncate -s 0 /data/file 2>/dev/null || echo "data: no truncation"'
	run_ct
	good
	prints $'text\ntext\nmore\nNoNewPrivs:1\ndata: no write\nother: nothing new\ndata: no removal\nroot: no list\netc: no read\ndev: no execution\ndata: no truncation'
}

@test "landlock: exec is confined as the container is" {
	requires_landlock 3
	rule exec '["/bin"]'
	rule ro '["/data"]'
	idle
	exec_ct @ cat /data/file
	prints text
	exec_ct @ cat /other/file
	exits 1
	says "can't open '/other/file': Permission denied"
	jq -n '{args: ["cat", "/other/file"], cwd: "/", env: ["PATH=/bin"]}' >"$D/p.json"
	exec_ct --process "$D/p.json" @
	exits 1
	says "Permission denied"
}

@test "landlock: for an ordinary user, with a seccomp filter, in a user namespace" {
	requires_landlock 3
	requires_root "does this by himself, in every other test"
	rule exec '["/bin"]'
	config '.process.user = {uid: 1000, gid: 1000} | .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW",
		syscalls: [{names: ["landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self", "mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO"}]}'
	script 'cat /data/file || echo denied; mkdir /tmp/x || echo filtered; id -u'
	run_ct
	good
	prints $'denied\nfiltered\n1000'
	map_ids 100000 65536
	run_ct
	good
	prints $'denied\nfiltered\n1000'
}

@test "landlock: paths are the container's, links stay in its root" {
	requires_landlock 3
	echo secret >"$D/secret"
	ln -s "$D/secret" "$BUNDLE/rootfs/link"
	rule exec '["/bin"]'
	rule ro '["/link"]'
	script true
	try rt create -b "$BUNDLE" "$CID"
	refused "carte-runtime: create '$CID': config.json: annotations.io.carte.landlock.ro[0]: /link: No such file or directory"
	fails_as document
	rule mode best-effort
	run_ct
	good
}

@test "landlock: TCP ports" {
	requires_landlock 4
	rule tcp-bind 8080
	rule tcp-connect ''
	requires_python
	script 'nc -l -p 8081 -w 1 || echo "8081: no"; nc -w 1 127.0.0.1 8080 </dev/null || echo "connect: no"; timeout 1 nc -l -p 8080; echo "8080: $?"'
	run_ct
	good
	says "Permission denied"
	has "8081: no"
	has "connect: no"
	# waiting there until the time is over
	[[ $out == *"8080: 143"* || $out == *"8080: 124"* ]] || show "8080 was not bound"
}

@test "landlock: scope: no signals to processes outside" {
	requires_landlock 6
	requires_root "signals no process of the host's anyway"
	no_namespace pid
	script 'kill -0 1 || echo denied'
	run_ct
	good
	has_not denied
	rule scope signal,abstract-unix-socket
	run_ct
	good
	prints denied
}

@test "landlock: a kernel that lacks what is asked for" {
	requires_python
	local abi
	abi=$(landlock_abi)
	[ "$abi" -ge 1 ] || skip "no Landlock at all"
	[ "$abi" -lt 6 ] || skip "this kernel has ABI $abi, which is all there is"
	rule scope signal
	script 'echo ran'
	try rt create -b "$BUNDLE" "$CID"
	refused "config.json: annotations.io.carte.landlock.scope: needs Landlock ABI 6 (Linux 6.12), this kernel has $abi"
	fails_as unsupported
	rule mode best-effort
	run_ct
	good
	prints ran
}

@test "landlock: no Landlock in the kernel" {
	requires_root "installs no filter for the runtime"
	requires_deny
	rule ro '["/"]'
	script 'echo ran'
	try "$D/deny" 444 - 38 "$RUNTIME" --root "$ROOT" --log "$D/log" --log-format json create -b "$BUNDLE" "$CID"
	refused "carte-runtime: create '$CID': config.json: annotations.io.carte.landlock.ro: this kernel has no Landlock"
	fails_as unsupported
	same "$(jq -r .path "$D/log")" annotations.io.carte.landlock.ro
	same "$(jq -r .hint "$D/log")" "annotation io.carte.landlock.mode=best-effort takes what the kernel has"
	rule mode best-effort
	try "$D/deny" 444 - 38 "$RUNTIME" --root "$ROOT" run -b "$BUNDLE" "$CID"
	good
	prints ran
}

@test "landlock: mistakes" {
	local good=$BUNDLE/good.json key value words
	cp "$BUNDLE/config.json" "$good"
	while IFS='|' read -r key value words; do
		cp "$good" "$BUNDLE/config.json"
		rule "$key" "$value"
		try rt create -b "$BUNDLE" "$CID"
		fails_as document
		same "$err" "carte-runtime: create '$CID': config.json: annotations.io.carte.landlock.$words"
	done <<-'LIST'
		ro|["usr"]|ro[0]: expected an absolute path, got 'usr'
		rw|usr|rw:1:1: invalid JSON: unexpected character
		exec|[1]|exec: [0]: expected string, got number
		tcp-bind|http|tcp-bind: expected ports such as 80,443, got 'http'
		tcp-bind|80,|tcp-bind: expected ports such as 80,443, got '80,'
		tcp-connect|65536|tcp-connect: expected ports such as 80,443, got '65536'
		mode|lax|mode: expected strict or best-effort, got 'lax'
		readonly|["/"]|readonly: there is no such key
	LIST
}

# ---- core scheduling ----------------------------------------------------------------------------------------------
# cookie_errno - of making one here: 0 when it can be
cookie_errno() { python3 -c 'import ctypes; c = ctypes.CDLL(None, use_errno=True); r = c.prctl(62, 1, 0, 0, 0); print(ctypes.get_errno() if r else 0)'; }
cookie_of() { python3 -c 'import ctypes, sys; v = ctypes.c_ulong(); ctypes.CDLL(None).prctl(62, 0, int(sys.argv[1]), 0, ctypes.byref(v)); print(v.value)' "$1"; }
cores() { config '.annotations["io.carte.core-scheduling"] = $v' --arg v "$1"; }

@test "core scheduling: a cookie of its own, taken by exec, shared by another" {
	requires_python
	[ "$(cookie_errno)" = 0 ] || skip "no core scheduling here: errno $(cookie_errno)"
	cores new
	idle
	local first
	first=$(cookie_of "$(pid_of)")
	[ "$first" != 0 ]
	exec_ct -d --pid-file "$D/pid" @ sleep 900
	same "$(cookie_of "$(cat "$D/pid")")" "$first"
	cores "$CID"
	config '.linux.cgroupsPath += "-b"'
	try rt run -d -b "$BUNDLE" "$CID-b"
	good
	same "$(cookie_of "$(pid_of "$CID-b")")" "$first"
}

@test "core scheduling: a kernel or a machine without it says so" {
	requires_python
	local words
	case $(cookie_errno) in
	22) words="this kernel has no core scheduling (CONFIG_SCHED_CORE)" ;;
	19) words="this machine has one thread per core, there is nothing to share or to keep apart" ;;
	*) skip "core scheduling works here" ;;
	esac
	cores new
	try rt create -b "$BUNDLE" "$CID"
	refused "carte-runtime: create '$CID': config.json: annotations.io.carte.core-scheduling: $words"
	fails_as unsupported
}

@test "core scheduling: each of its failures, and a cookie that another lacks" {
	requires_root "installs no filter for the runtime"
	requires_deny
	cores new
	try "$D/deny" 157 62 19 "$RUNTIME" --root "$ROOT" create -b "$BUNDLE" "$CID"
	refused "config.json: annotations.io.carte.core-scheduling: this machine has one thread per core, there is nothing to share or to keep apart"
	fails_as unsupported
	try "$D/deny" 157 62 22 "$RUNTIME" --root "$ROOT" create -b "$BUNDLE" "$CID"
	refused "config.json: annotations.io.carte.core-scheduling: this kernel has no core scheduling (CONFIG_SCHED_CORE)"
	try "$D/deny" 157 62 1 "$RUNTIME" --root "$ROOT" create -b "$BUNDLE" "$CID"
	refused "config.json: annotations.io.carte.core-scheduling: Operation not permitted"
	fails_as permission
	# made, it says, but there is none
	args sleep 1000
	try "$D/deny" 157 62 0 "$RUNTIME" --root "$ROOT" run -d -b "$BUNDLE" "$CID"
	good
	try "$D/deny" 157 62 0 "$RUNTIME" --root "$ROOT" exec "$CID" true
	exits 255
	same "$err" "carte-runtime: exec '$CID': annotations.io.carte.core-scheduling: container '$CID' has no core scheduling cookie"
	cores "$CID"
	config '.linux.cgroupsPath += "-b"'
	try "$D/deny" 157 62 0 "$RUNTIME" --root "$ROOT" create -b "$BUNDLE" "$CID-b"
	fails_as state
	same "$err" "carte-runtime: create '$CID-b': config.json: annotations.io.carte.core-scheduling: container '$CID' has no core scheduling cookie"
}

@test "core scheduling: mistakes" {
	cores 'a/b'
	try rt create -b "$BUNDLE" "$CID"
	refused "carte-runtime: create '$CID': config.json: annotations.io.carte.core-scheduling: expected new or the ID of a container, got 'a/b'"
	cores "$CID-nosuch"
	try rt create -b "$BUNDLE" "$CID"
	refused "carte-runtime: create '$CID': config.json: annotations.io.carte.core-scheduling: '$CID-nosuch': container does not exist"
}
