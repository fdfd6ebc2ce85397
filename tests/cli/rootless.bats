#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Ordinary users: user namespaces made on the fly, the ids they have, cgroups delegated to them. Run by root these tests
# drop to a user of their own, whom a private mount namespace lets /etc know; run by a user, they are that user's.
load helpers

USER_ID=64321
RANGE_UID=1000000
RANGE_GID=2000000

test_setup() {
	requires_carte "rootless as tested here"
	[ "$(cat /proc/sys/kernel/unprivileged_userns_clone 2>/dev/null || echo 1)" = 1 ] || skip "users may not make user namespaces here"
	ME=$USER_ID
	[ "$ROOTLESS" = 0 ] || ME=$(id -u)
	RANGES=1
	PREFIX=(env)
	config 'del(.linux.cgroupsPath)'
	[ "$ROOTLESS" = 1 ] || drop
}

# drop - from now on the runtime is an ordinary user's
drop() {
	local dir=$D
	requires_program setpriv
	mkdir -p "$D/etc" "$D/run" "$ROOT"
	chown -hR $USER_ID:$USER_ID "$BUNDLE" "$D/run" "$ROOT"
	while [ "$dir" != / ]; do
		[ "$(stat -c %a "$dir")" = 1777 ] || chmod go+x "$dir"
		dir=$(dirname "$dir")
	done
	(cat /etc/passwd && echo "ctuser:x:$USER_ID:$USER_ID::/:/bin/sh") >"$D/etc/passwd"
	(cat /etc/group && echo "ctuser:x:$USER_ID:") >"$D/etc/group"
	ranges "ctuser:$RANGE_UID:65536" "ctuser:$RANGE_GID:65536"
	# shellcheck disable=SC2016 # expanded by the inner shell
	PREFIX=(unshare -m --propagation private sh -c 'etc=$1; shift
		for f in passwd group subuid subgid; do mount --bind "$etc/$f" "/etc/$f" || exit 99; done
		exec setpriv --reuid '$USER_ID' --regid '$USER_ID' --clear-groups "$@"' drop "$D/etc" env "XDG_RUNTIME_DIR=$D/run" USER=ctuser)
}
# ranges SUBUID SUBGID - the lines that lend ids to the user; only as root
ranges() {
	printf '%s\n' "$1" >"$D/etc/subuid"
	printf '%s\n' "$2" >"$D/etc/subgid"
}
requires_delegated() { [ -n "$(delegated)" ] || skip "no cgroup is delegated here"; }
requires_drop() { [ "$ROOTLESS" = 0 ] || skip "needs root, who writes the user's ranges"; }
requires_newuidmap() {
	requires_program newuidmap
	[ "$ROOTLESS" = 0 ] || requires_ids
}

rt() { timeout -k 1 "${T:-$((20 * SLOW))}" "${PREFIX[@]}" "$RUNTIME" --root "$ROOT" "$@" 3>&-; }

uid_map='tr -s " " </proc/self/uid_map; tr -s " " </proc/self/gid_map; cat /proc/self/setgroups'
no_tty_group() { config '.mounts |= map(if .type == "devpts" then .options -= ["gid=5"] else . end)'; }
# one_id - a user namespace in the config: the user is root
one_id() {
	no_tty_group
	config '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: $u, size: 1}] | .linux.gidMappings = .linux.uidMappings' --argjson u "$ME"
}

@test "no user namespace in the config: one is made, with the ranges of the user" {
	requires_newuidmap
	inside "$uid_map"
	[ "$ROOTLESS" = 1 ] || prints " 0 $ME 1
 1 $RANGE_UID 65536
 0 $ME 1
 1 $RANGE_GID 65536
allow"
	has " 0 $ME 1"
	has allow
}

@test "several ranges, by name and by number, overlapping ones once" {
	requires_drop
	requires_newuidmap
	ranges "other:5000000:65536
$USER_ID:1000000:10
ctuser:2000000:20
ctuser:1000005:10" "ctuser:3000000:5"
	inside "$uid_map"
	prints " 0 $ME 1
 1 1000000 10
 11 2000000 20
 31 1000010 5
 0 $ME 1
 1 3000000 5
allow"
}

@test "no ranges: the own id alone, setgroups denied, terminals keep the group" {
	requires_drop
	ranges "" ""
	inside "$uid_map; mount | grep -c 'devpts.*gid='; id -u"
	prints " 0 $ME 1
 0 $ME 1
deny
0
0"
}

@test "no ranges: what needs another id says why there is none" {
	requires_drop
	ranges "" ""
	args true
	config '.process.user = {uid: 7, gid: 0}'
	run_ct
	refused "process.user.uid: 7 is not mapped in the user namespace, which has a single id: /etc/subuid has no range for user $ME"
	config '.process.user = {uid: 0, gid: 0, additionalGids: [5]}'
	run_ct
	refused "process.user.additionalGids: setgroups is denied in this user namespace, which has a single id"
	config '.process.user = {uid: 0, gid: 0} | .mounts += [{destination: "/mnt", type: "tmpfs", source: "tmpfs", options: ["uid=9"]}]'
	run_ct
	refused "option uid=9 is not mapped in the user namespace"
}

@test "no newuidmap that works: the own id alone, and why" {
	requires_drop
	requires_newuidmap
	PREFIX[6]="mount --bind /dev/null $(command -v newuidmap) && mount --bind /dev/null $(command -v newgidmap) && ${PREFIX[6]}"
	inside "$uid_map"
	has deny
	args true
	config '.process.user = {uid: 7, gid: 0}'
	run_ct
	refused "which has a single id: map user and group ids: newuidmap: Permission denied"
}

@test "a newuidmap of the current folder is not run, whatever PATH says" {
	requires_newuidmap
	mkdir "$D/here"
	printf '#!/bin/sh\necho >"%s"\nexit 1\n' "$D/here/made" >"$D/here/newuidmap"
	cp "$D/here/newuidmap" "$D/here/newgidmap"
	chmod 755 "$D/here/newuidmap" "$D/here/newgidmap"
	chmod 777 "$D/here"
	cd "$D/here"
	PREFIX+=("PATH=.::$PATH")
	inside "$uid_map"
	has " 0 $ME 1"
	has allow
	[ ! -e made ] || show "it was run"
}

@test "mappings of the config are used as they are" {
	one_id
	inside "$uid_map"
	prints " 0 $ME 1
 0 $ME 1
deny"
}

@test "mappings of the config that the ranges do not cover are refused by name" {
	requires_newuidmap
	one_id
	args true
	config '.linux.uidMappings += [{containerID: 1, hostID: 3999999990, size: 100}]'
	run_ct
	refused "linux.uidMappings[1].hostID: /etc/subuid does not allow the ids 3999999990 to 4000000089 to user "
	config '.linux.uidMappings |= .[0:1] | .linux.gidMappings += [{containerID: 1, hostID: 3999999990, size: 100}]'
	run_ct
	refused "linux.gidMappings[1].hostID: /etc/subgid does not allow the ids 3999999990 to 4000000089 to user "
}

@test "other users of the container are other users of the host" {
	requires_newuidmap
	config '.process.user = {uid: 7, gid: 8, additionalGids: [50]}'
	idle
	same "$(awk '/^Uid:/ { print $2 }' "/proc/$(pid_of)/status")" "$([ "$ROOTLESS" = 1 ] && echo $((UID_A + 6)) || echo $((RANGE_UID + 6)))"
	exec_ct @ sh -c 'id -u; id -g; id -G'
	good
	prints $'7\n8\n8 50'
	exec_ct --user 0:0 @ id -u
	good
	prints 0
}

@test "create, start, state, exec, ps, kill, delete" {
	idle
	same "$(state_of .status)" running
	same "$(rt list --format json | jq -r '.[0].owner')" "$ME"
	exec_ct @ sh -c 'id -u; readlink /proc/self/ns/user'
	good
	has "0
$(readlink "/proc/$(pid_of)/ns/user")"
	[ "$(rt ps --format json "$CID" | jq length)" -ge 1 ] || [ -z "$(delegated)" ]
	try rt kill "$CID" KILL
	good
	await_status stopped
	try rt delete "$CID"
	good
	[ ! -e "$ROOT/$CID" ]
}

@test "exec into a created container is refused until it is started" {
	args sleep 1000
	create_ct
	exec_ct @ true
	[ "$status" -ne 0 ]
	says "an ordinary user can enter it only once it runs"
	start_ct
	exec_ct @ true
	good
}

@test "exec: oom score and limits of the config" {
	config '.process.oomScoreAdj = 321 | .process.rlimits = [{type: "RLIMIT_NOFILE", soft: 77, hard: 77}]'
	idle
	exec_ct @ sh -c 'cat /proc/self/oom_score_adj; ulimit -n'
	good
	prints $'321\n77'
}

@test "limits above the caller's, a lower oom score: an error, and left" {
	args cat /proc/self/oom_score_adj
	config '.process.oomScoreAdj = -500'
	run_ct
	good
	same "$out" "$(cat /proc/self/oom_score_adj)"
	config '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 9, hard: 1073741816}]'
	run_ct
	refused "process.rlimits[0]: RLIMIT_NOFILE: cannot raise the hard limit"
}

@test "namespaces of the host: /sys, /proc and message queues are the host's" {
	config '.linux.namespaces = [{type: "mount"}] | del(.hostname) | .linux.maskedPaths = [] | .linux.readonlyPaths = []'
	inside 'mount | grep -c "on /sys type sysfs (ro"; ls -d /proc/'$$'; ls /sys/class/net | head -n 1; [ -d /dev/mqueue ] && echo queues'
	has "1
/proc/$$"
	has queues
}

@test "device nodes are the host's, bound" {
	inside 'echo x >/dev/null && head -c 4 /dev/zero | wc -c && [ -c /dev/tty ] && mount | grep -c " on /dev/null "'
	prints $'4\n1'
	config '.linux.devices = [{path: "/dev/nosuchnode", type: "c", major: 1, minor: 3}]'
	args true
	run_ct
	refused "linux.devices[0]: /dev/nosuchnode: the host's /dev/nosuchnode: No such file or directory"
}

@test "an overlay root, writable" {
	config '.root.readonly = false | .annotations = {"io.carte.rootfs.layers": "[\"rootfs\"]"}'
	inside 'echo new >/etc/made && cat /etc/made'
	prints new
	[ ! -e "$BUNDLE/rootfs/etc/made" ]
}

@test "a terminal" {
	requires_python
	config '.process.terminal = true'
	script 'tty; stat -c %u $(tty); echo x >/dev/console && echo ok'
	try timeout 20 "$TESTS/lib/pty-run" -- "${PREFIX[@]}" "$RUNTIME" --root "$ROOT" "${MANAGER_OPTIONS[@]}" run -b "$BUNDLE" "$CID"
	good
	has /dev/pts/0
	has ok
}

@test "another user's program can open /dev/stdout again" {
	requires_newuidmap
	config '.process.user = {uid: 7, gid: 8}'
	script 'echo again >/dev/stdout'
	# a pipe of the user's own
	try timeout 20 "${PREFIX[@]}" sh -c '"$@" | cat' piped "$RUNTIME" --root "$ROOT" "${MANAGER_OPTIONS[@]}" run -b "$BUNDLE" "$CID"
	good
	prints again
}

@test "sysctl: the domain name" {
	config '.linux.sysctl = {"kernel.domainname": "by.sysctl"}'
	inside 'cat /proc/sys/kernel/domainname'
	prints by.sysctl
}

@test "network devices are root's" {
	config '.linux.netDevices = {"lo": {}}'
	args true
	run_ct
	refused "linux.netDevices: only root moves the host's network devices"
}

@test "spec --rootless: runs as it is written" {
	[ "$ROOTLESS" = 1 ] || chown $USER_ID "$D"
	rm -f "$BUNDLE/config.json"
	try rt spec --rootless -b "$BUNDLE"
	good
	same "$(jq -c '[.linux.uidMappings, .linux.gidMappings, .linux.resources, ([.linux.namespaces[].type] | sort)]' "$BUNDLE/config.json")" \
		"[[{\"containerID\":0,\"hostID\":$ME,\"size\":1}],[{\"containerID\":0,\"hostID\":$([ "$ROOTLESS" = 1 ] && id -g || echo $USER_ID),\"size\":1}],null,[\"cgroup\",\"ipc\",\"mount\",\"pid\",\"user\",\"uts\"]]"
	config '.process.terminal = false'
	inside 'id -u; mkdir /sys/fs/cgroup/x 2>/dev/null || echo ro'
	prints $'0\nro'
}

# ---- cgroups -----------------------------------------------------------------------------------------------------
@test "no delegated cgroup: without limits it runs without one" {
	[ -z "$(delegated)" ] || skip "a cgroup is delegated here"
	inside 'echo ran'
	prints ran
}

@test "no delegated cgroup: a limit is refused, and says what to do" {
	[ -z "$(delegated)" ] || skip "a cgroup is delegated here"
	config '.linux.resources.memory.limit = 67108864'
	args true
	run_ct
	refused "linux.resources.memory.limit: "
	if on_v2; then
		says "is not delegated to user $ME: start the runtime by \`systemd-run --user --scope -p Delegate=yes\`"
	else
		says "the memory cgroup controller is not mounted, or not for an unprivileged user"
	fi
	idle_without_limits
	try rt pause "$CID"
	[ "$status" -ne 0 ]
	says "cannot pause: the container has no cgroup"
}
idle_without_limits() {
	config 'del(.linux.resources.memory)'
	idle
}

@test "no delegated cgroup, --rootless=false: the cgroup is not done without" {
	[ -z "$(delegated)" ] || skip "a cgroup is delegated here"
	on_v2 || skip "cgroup v2 is not the host's only hierarchy"
	args true
	try rt --rootless=false run -b "$BUNDLE" "$CID"
	refused "linux.cgroupsPath: cgroup " "is not delegated to user $ME"
}

@test "a delegated cgroup: limits are in force, a container without a cgroup namespace cannot change them" {
	requires_delegated
	requires_v2 pids
	config '.linux.resources = {pids: {limit: 23}, memory: {limit: 67108864}}'
	inside 'cat /sys/fs/cgroup/pids.max /sys/fs/cgroup/memory.max; cat /proc/self/cgroup'
	prints $'23\n67108864\n0::/'
	no_namespace cgroup
	config '.mounts |= map(if .type == "cgroup" then .options -= ["ro"] else . end)'
	inside 'cat /sys/fs/cgroup/pids.max; echo 30 2>/dev/null >/sys/fs/cgroup/pids.max || echo ro'
	prints $'23\nro'
}

@test "a delegated cgroup: writable when asked, for the container's root" {
	requires_delegated
	requires_v2
	config '.mounts |= map(if .type == "cgroup" then .options -= ["ro"] else . end)'
	inside 'mkdir /sys/fs/cgroup/sub && rmdir /sys/fs/cgroup/sub && echo made'
	prints made
	requires_newuidmap
	config '.process.user = {uid: 7, gid: 8}'
	inside 'mkdir /sys/fs/cgroup/sub 2>/dev/null || echo refused'
	prints refused
}

@test "a delegated cgroup: pause, update, events, delete" {
	requires_delegated
	requires_v2 pids
	idle
	try rt update --pids-limit 31 "$CID"
	good
	same "$(cat "/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$(pid_of)/cgroup")/pids.max")" 31
	try rt pause "$CID"
	good
	same "$(state_of .status)" paused
	try rt resume "$CID"
	good
	try rt events --stats "$CID"
	good
	same "$(jq -r .data.pids.limit "$D/out")" 31
	try rt delete --force "$CID"
	good
}

@test "a cgroup handed over by root: its processes make room for the container's limits" {
	requires_v2 pids
	[ "$ROOTLESS" = 0 ] || skip "needs root, who hands it over"
	local own=/sys/fs/cgroup/$CID-handed
	mkdir "$own" || skip "no cgroup can be made"
	chown $USER_ID "$own" "$own"/cgroup.{procs,subtree_control,threads}
	config '.linux.resources = {pids: {limit: 23}}'
	script 'cat /sys/fs/cgroup/pids.max'
	status=0
	bash -c 'echo $$ >"$1/cgroup.procs"; shift; exec "$@"' handed "$own" timeout 20 "${PREFIX[@]}" "$RUNTIME" --root "$ROOT" "${MANAGER_OPTIONS[@]}" run -b "$BUNDLE" "$CID" >"$D/out" 2>"$D/err" </dev/null 3>&- || status=$?
	out=$(cat "$D/out")
	err=$(cat "$D/err")
	same "$(find "$own" -mindepth 1 -type d -printf '%f ')" "supervisor "
	rmdir "$own/supervisor" "$own"
	good
	prints 23
}
