#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# checkpoint and restore. What needs a working criu is skipped where `criu check` fails: on kernels newer than criu.
load helpers

test_setup() {
	requires_carte
	"$RUNTIME" --version | grep -q '+CRIU' || skip "this build is without criu"
	T=60
}

requires_criu() {
	requires_program criu
	criu check >"$D/criu" 2>&1 || skip "criu does not work on this kernel: $(grep Error "$D/criu" | tail -n 1)"
}

# counter - counts in memory, and tells at every count in a file; $BUNDLE/rootfs is written to
counter() {
	writable
	script 'i=0; while :; do i=$((i + 1)); echo $i >/tmp/new; mv /tmp/new /tmp/count; sleep 0.1; done'
}
count() { cat "$BUNDLE/rootfs/tmp/count"; }
counts_on() { [ "$(count)" -gt "$1" ]; }
# up - the counter runs, has counted, and has written nothing but its own
up() {
	counter
	up_ct "$@"
	await 20 counts_on 2
}
checkpoint_ct() { try rt checkpoint --image-path "$D/img" "$@" "$CID"; }
restore_ct() { try rt restore -d -b "$BUNDLE" --image-path "$D/img" "$@" "$CID"; }
# what restoring it has gained: it goes on where it was, and is no new one
went_on() {
	local was=$1
	await 20 counts_on "$was"
	same "$(state_of .status)" running
}

# fake VERSION [LOG-LINE] - a criu that fails
fake() {
	requires_python
	mkdir -p "$D/bin"
	cp "$HELPERS/fake-criu" "$D/bin/criu"
	export PATH=$D/bin:$PATH FAKE_CRIU_VERSION=$1 FAKE_CRIU_LOG=${2:-} FAKE_CRIU_FILE=$D/img/dump.log
}

# ---- what is refused ---------------------------------------------------------------------------------------------
@test "checkpoint: --help succeeds: podman asks so" {
	try rt checkpoint --help
	good
	has "--leave-running"
}

@test "restore: --lsm-mount-context without a value: podman asks so" {
	try rt restore --lsm-mount-context
	exits 2
	says "flag needs an argument: --lsm-mount-context"
}

@test "features: checkpoint is enabled" {
	same "$("$RUNTIME" features | jq -r '.annotations["org.opencontainers.runc.checkpoint.enabled"]')" true
}

@test "checkpoint: no such container" {
	try rt checkpoint --image-path "$D/img" "$CID"
	refused "checkpoint '$CID': container does not exist"
	[ ! -e "$D/img" ]
}

@test "checkpoint: a container that is created, or has ended" {
	args true
	create_ct
	checkpoint_ct
	[ "$status" -ne 0 ]
	says "container not running: it is created"
	start_ct
	await_status stopped
	checkpoint_ct
	says "container not running: it is stopped"
}

@test "checkpoint: options that make no sense" {
	local pair
	for pair in "--manage-cgroups-mode=x|--manage-cgroups-mode x: expected soft, full, strict or ignore" \
		"--page-server=nowhere|--page-server nowhere: expected ADDRESS:PORT" \
		"--status-fd=77|--status-fd 77: is not open for writing" \
		"--network-lock=y|--network-lock y: expected iptables, nftables or skip" \
		"--empty-ns=uts|--empty-ns uts: is not supported, only network is" \
		"--parent-path=/abs|--parent-path /abs: must be relative to the image folder" \
		"--lazy-pages|--lazy-pages needs --page-server ADDRESS:PORT"; do
		checkpoint_ct "${pair%%|*}"
		[ "$status" -ne 0 ]
		says "${pair#*|}"
	done
}

@test "restore: no images, or a folder without" {
	restore_ct -no-subreaper
	refused "restore '$CID': --image-path $D/img: No such file or directory"
	mkdir "$D/img"
	restore_ct
	refused "--image-path $D/img: holds no checkpoint: inventory.img: No such file or directory"
	restore_ct --tcp-close --tcp-established
	refused "--tcp-established and --tcp-close exclude each other"
}

@test "restore: an ID that is taken" {
	idle
	mkdir "$D/img"
	: >"$D/img/inventory.img"
	restore_ct
	[ "$status" -ne 0 ]
	says "container with given ID already exists"
	same "$(state_of .status)" running
}

@test "restore: a terminal needs a console socket or the foreground" {
	config '.process.terminal = true'
	mkdir "$D/img"
	: >"$D/img/inventory.img"
	restore_ct
	refused "process.terminal: a terminal that is not in the foreground needs --console-socket"
}

@test "checkpoint: a throw-away upper folder cannot be kept" {
	# before 6.15 not a folder within root.path
	mv "$BUNDLE/rootfs" "$D/layer"
	mkdir "$BUNDLE/rootfs"
	config '.annotations["io.carte.rootfs.layers"] = ([$layer] | tostring) | .annotations["io.carte.rootfs.upper"] = "tmpfs"' --arg layer "$D/layer"
	idle
	checkpoint_ct
	[ "$status" -ne 0 ]
	says "config.json: annotations.io.carte.rootfs.upper: tmpfs: what was written there cannot be kept"
}

@test "checkpoint and restore: Landlock rules, which criu would lose, are not lost" {
	requires_python
	[ "$("${PYTHON:-python3}" -c 'import ctypes; print(ctypes.CDLL(None).syscall(444, None, 0, 1))')" -ge 3 ] || skip "the kernel has no Landlock ABI 3"
	config '.annotations["io.carte.landlock.exec"] = "[\"/\"]"'
	mkdir "$D/img"
	: >"$D/img/inventory.img"
	restore_ct
	[ "$status" -ne 0 ]
	says "config.json: annotations.io.carte.landlock.*: criu cannot keep Landlock rules"
	rm -r "$D/img"
	idle
	checkpoint_ct
	[ "$status" -ne 0 ]
	says "config.json: annotations.io.carte.landlock.*: criu cannot keep Landlock rules"
	[ ! -e "$D/img" ]
	same "$(state_of .status)" running
}

@test "restore: the runtime runs from a sealed copy (CVE-2019-5736)" {
	requires_root "restores nothing"
	mkdir "$D/img" "$D/bin"
	: >"$D/img/inventory.img"
	printf '#!/bin/sh\nreadlink /proc/$PPID/exe >"%s"\nexit 3\n' "$D/exe" >"$D/bin/criu"
	chmod +x "$D/bin/criu"
	export PATH=$D/bin:$PATH
	restore_ct
	says "criu ended without an answer, with status 3"
	[ "$(<"$D/exe")" != "$(realpath "$RUNTIME")" ] || show "it runs from the program itself"
}

@test "restore: mount points are made in the root, whatever symlinks lie there (CVE-2021-30465)" {
	writable
	mkdir "$D/img" "$D/bin" "$D/host"
	: >"$D/img/inventory.img"
	printf '#!/bin/sh\nexit 3\n' >"$D/bin/criu"
	chmod +x "$D/bin/criu"
	export PATH=$D/bin:$PATH
	ln -s "$D/host" "$BUNDLE/rootfs/out"
	ln -s "../../../../../../..$D/host" "$BUNDLE/rootfs/up"
	config '.mounts += [{destination: "/out/a", type: "tmpfs", source: "t"}, {destination: "/up/b", type: "bind", source: "/etc/passwd", options: ["bind"]}]'
	local before
	before=$(host_mounts)
	restore_ct
	says "criu ended without an answer, with status 3"
	same "$(ls -A "$D/host")" ""
	same "$(host_mounts)" "$before"
	[ -d "$BUNDLE/rootfs$D/host/a" ] && [ -f "$BUNDLE/rootfs$D/host/b" ] || show "not made in the root either"
	rm -r "$BUNDLE/rootfs/proc"
	ln -s "$D/host" "$BUNDLE/rootfs/proc"
	restore_ct
	[ "$status" -ne 0 ]
	says "mounts[0]: /proc must be a real folder in the root, not a symlink or below one"
	same "$(ls -A "$D/host")" ""
	[ ! -e "$ROOT/$CID" ] || show "a container was left"
}

@test "checkpoint: criu too old, criu that dies, criu's words" {
	idle
	fake "3 10"
	checkpoint_ct
	[ "$status" -ne 0 ]
	says "checkpoint '$CID': criu 3.10 is too old: 3.15 or newer is needed"
	fake ""
	checkpoint_ct
	says "criu ended without an answer, with status 3"
	fake "3 17" "(00.1) Error (criu/x.c:1): first
(00.2) Error (criu/x.c:2): the reason
(00.3) Error (criu/cr-dump.c:9): Dumping FAILED.
"
	checkpoint_ct
	says "criu cannot dump: Error (criu/x.c:2): the reason (log: $D/img/dump.log)"
	same "$(echo "$err" | wc -l)" 1
	same "$(state_of .status)" running
}

@test "restore: criu's words, and nothing left" {
	requires_root "restores nothing"
	args sleep 1000
	fake "3 17" "(00.1)      1: Error (criu/y.c:1): no way
"
	export FAKE_CRIU_FILE=$D/img/restore.log
	mkdir "$D/img"
	: >"$D/img/inventory.img"
	restore_ct
	refused "restore '$CID': criu cannot restore: Error (criu/y.c:1): no way (log: $D/img/restore.log)"
}

# ---- with criu ---------------------------------------------------------------------------------------------------
@test "checkpoint, delete, restore: memory is kept" {
	requires_criu
	config '.linux.resources.pids.limit = 60 | .linux.resources.memory.limit = 100000000'
	up
	checkpoint_ct
	good
	same "$err" ""
	same "$(state_of .status)" stopped
	local was
	was=$(count)
	try rt delete "$CID"
	good
	restore_ct --pid-file "$D/pid" --no-new-keyring --no-pivot
	good
	same "$(cat "$D/pid")" "$(pid_of)"
	went_on "$was"
	# all verbs work on it
	exec_ct @ cat /proc/1/comm
	prints sh
	try rt pause "$CID"
	good
	same "$(state_of .status)" paused
	try rt resume "$CID"
	good
	local dir
	dir=$(find /sys/fs/cgroup -type d -name "$CID" -path "*pids*" -o -path "/sys/fs/cgroup/$CID" -type d | head -n 1)
	[ -z "$dir" ] || same "$(cat "$dir/pids.max")" 60
	[ -z "$dir" ] || grep -qx "$(pid_of)" "$dir/cgroup.procs"
	try rt delete --force "$CID"
	good
}

@test "restore takes the place of what checkpoint has stopped" {
	requires_criu
	up
	checkpoint_ct --work-path "$D/work"
	good
	[ -e "$D/work/dump.log" ]
	local was
	was=$(count)
	restore_ct --work-path "$D/work2" --pidfd-socket /dev/null
	[ "$status" -ne 0 ]
	# what has failed is gone altogether; the images are not
	[ ! -e "$ROOT/$CID" ]
	restore_ct --work-path "$D/work2"
	good
	[ -e "$D/work2/restore.log" ]
	went_on "$was"
}

@test "checkpoint: --leave-running, --pre-dump and --parent-path" {
	requires_criu
	up
	try rt checkpoint --pre-dump --image-path "$D/pre" "$CID"
	good
	same "$(state_of .status)" running
	checkpoint_ct --parent-path ../none
	[ "$status" -ne 0 ]
	says "--parent-path ../none: in $D/img: No such file or directory"
	checkpoint_ct --parent-path ../pre --leave-running
	good
	same "$(readlink "$D/img/parent")" ../pre
	local was
	was=$(count)
	went_on "$was"
	try rt delete --force "$CID"
	restore_ct --parent-path ../pre
	good
	went_on "$was"
}

@test "checkpoint of a paused container" {
	requires_criu
	up
	try rt pause "$CID"
	good
	checkpoint_ct
	good
	local was
	was=$(count)
	restore_ct
	good
	try rt resume "$CID"
	went_on "$was"
}

@test "restore: bind mounts, behind links too, masks, and what comes with a recursive one" {
	requires_criu
	mkdir -p "$D/src/sub" "$BUNDLE/rootfs/var"
	mount -t tmpfs sub "$D/src/sub"
	echo below >"$D/src/sub/f"
	echo file >"$D/file"
	ln -s ../run "$BUNDLE/rootfs/var/run"
	config '.mounts += [
		{destination: "/mnt/new/src", type: "bind", source: $d, options: ["rbind"]},
		{destination: "/var/run/file", type: "bind", source: $f, options: ["bind", "ro"]}]
		| .linux.maskedPaths += ["/etc/group"]' --arg d "$D/src" --arg f "$D/file"
	up
	checkpoint_ct
	good
	# as on another host: the mount points are not there yet
	rm -rf "$BUNDLE/rootfs/mnt/new" "$BUNDLE/rootfs/run/file"
	restore_ct
	local restored=$status
	exec_ct @ sh -c 'cat /mnt/new/src/sub/f /run/file; echo x >/run/file; stat -c %t:%T /etc/group /proc/kcore'
	try rt delete --force "$CID"
	umount "$D/src/sub"
	same "$restored" 0
	[ -e "$BUNDLE/rootfs/mnt/new/src" ]
}

@test "restore: layers" {
	requires_criu
	mv "$BUNDLE/rootfs" "$BUNDLE/layer"
	mkdir "$BUNDLE/rootfs"
	config '.annotations["io.carte.rootfs.layers"] = "[\"layer\"]"'
	counter
	up_ct
	await 20 test -e "$BUNDLE/overlay/upper/tmp/count"
	checkpoint_ct
	good
	local was
	was=$(cat "$BUNDLE/overlay/upper/tmp/count")
	try rt delete "$CID"
	good
	restore_ct
	good
	await 20 sh -c "[ \$(cat '$BUNDLE/overlay/upper/tmp/count') -gt $was ]"
}

@test "restore: in the foreground, with its exit status" {
	requires_criu
	writable
	script 'touch /tmp/up; while [ ! -e /tmp/go ]; do sleep 0.1; done; exit 42'
	up_ct
	await 20 test -e "$BUNDLE/rootfs/tmp/up"
	checkpoint_ct
	good
	touch "$BUNDLE/rootfs/tmp/go"
	try rt restore -b "$BUNDLE" --image-path "$D/img" "$CID"
	exits 42
	same "$err" ""
	[ ! -e "$ROOT/$CID" ]
}

@test "restore: pipes of the caller's" {
	requires_criu
	writable
	script 'touch /tmp/up; read -r line; echo "got $line"; touch /tmp/done; sleep 1000'
	(sleep 30 | rt run -d -b "$BUNDLE" "$CID" 2>&1 | cat >"$D/first") 3>&- &
	await 20 test -e "$BUNDLE/rootfs/tmp/up"
	checkpoint_ct
	good
	(echo hello | rt restore -d -b "$BUNDLE" --image-path "$D/img" "$CID" 2>"$D/err" | cat >"$D/second") 3>&- &
	await 30 test -e "$BUNDLE/rootfs/tmp/done" || cat "$D/err"
	await 5 grep -qx "got hello" "$D/second"
}

@test "restore: a terminal goes to the console socket" {
	requires_criu
	requires_python
	config '.process.terminal = true'
	writable
	script 'while :; do echo "tty $(tty)"; sleep 0.1; done'
	agent console
	up_ct --console-socket "$D/console.sock"
	await 20 grep -q "tty /dev/pts/0" "$D/console"
	checkpoint_ct
	good
	mkdir "$D/again"
	python3 "$HELPERS/agent" console "$D/again/sock" "$D/again/console" 2>/dev/null 3>&- &
	AGENTS+=($!)
	await 5 test -e "$D/again/console.ready"
	restore_ct --console-socket "$D/again/sock"
	good
	await 20 grep -q "tty /dev/pts/0" "$D/again/console"
}

@test "restore: hooks are run with the new pid" {
	requires_criu
	config '.hooks = {prestart: [{path: "/bin/sh", args: ["sh", "-c", "cat >" + $d + "/prestart"]}],
		poststart: [{path: "/bin/sh", args: ["sh", "-c", "cat >" + $d + "/poststart"]}],
		poststop: [{path: "/bin/sh", args: ["sh", "-c", "cat >" + $d + "/poststop"]}]}' --arg d "$D"
	up
	checkpoint_ct
	good
	rm "$D/prestart" "$D/poststart"
	restore_ct
	good
	same "$(jq -r .pid "$D/prestart")" "$(pid_of)"
	same "$(jq -r .status "$D/poststart")" running
	try rt delete --force "$CID"
	same "$(jq -r .status "$D/poststop")" stopped
}

@test "restore: into a network namespace of the host's" {
	requires_criu
	requires_program ip
	ip netns add "$CID"
	ip -n "$CID" link set lo up
	namespace network "/run/netns/$CID"
	up
	checkpoint_ct
	local dumped=$status said=$err
	ip netns delete "$CID"
	ip netns add "$CID"
	restore_ct
	local inside outside
	inside=$(stat -L -c %i "/proc/$(pid_of)/ns/net")
	outside=$(stat -L -c %i "/run/netns/$CID")
	try rt delete --force "$CID"
	ip netns delete "$CID"
	same "$dumped $said" "0 "
	same "$inside" "$outside"
}

@test "restore: a bind mount that config.json has no more" {
	requires_criu
	echo file >"$D/file"
	config '.mounts += [{destination: "/etc/extra", type: "bind", source: $f, options: ["bind"]}]' --arg f "$D/file"
	up
	checkpoint_ct
	good
	try rt delete "$CID"
	config 'del(.mounts[-1])'
	restore_ct
	refused "criu cannot restore: Error (criu/" "(log: $D/img/restore.log)"
}

@test "restore: killed at any time, it leaves what delete --force removes" {
	requires_criu
	up
	checkpoint_ct
	good
	try rt delete "$CID"
	local after
	for after in 0.1 0.4 0.9 1.6; do
		timeout -s KILL "$after" "$RUNTIME" --root "$ROOT" restore -d -b "$BUNDLE" --image-path "$D/img" "$CID" </dev/null >/dev/null 2>&1 3>&- || true
		try rt delete --force "$CID"
		good
		same "$(leftovers)" ""
	done
}
