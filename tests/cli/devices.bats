#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The device filter of cgroup v2: what a container can open, and when that changes. Where the host has v2 beside v1,
# the runtime is given a view with v2 alone.

load helpers

# numbers that no driver has: what is allowed ends in ENXIO, what is denied in EPERM
ALLOWED="No such device or address"
DENIED="Operation not permitted"

test_setup() {
	requires_carte "the same rules on v1 and v2"
	if on_v2; then
		FOLDER=$(cgroup_dir unified)
	else
		[ -e /sys/fs/cgroup/unified/cgroup.controllers ] || skip "no cgroup v2 here"
		FOLDER=/sys/fs/cgroup/unified/$CID
		cat >"$D/v2-only" <<-END
			#!/bin/sh
			exec unshare -m sh -c 'umount -R /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup && exec "\$0" "\$@"' '$RUNTIME' "\$@"
		END
		chmod +x "$D/v2-only"
		"$D/v2-only" --version >/dev/null 2>&1 || skip "cgroup2 cannot be mounted alone here"
		RUNTIME=$D/v2-only
	fi
	config '.linux.devices = [{path: "/dev/one", type: "c", major: 240, minor: 1}, {path: "/dev/two", type: "c", major: 240, minor: 2},
		{path: "/dev/block", type: "b", major: 240, minor: 1}]'
}

rules() { config ".linux.resources.devices = [{allow: false, access: \"rwm\"} $1]"; }

# filters - the names of those attached to the container's folder
filters() { bpftool -j cgroup show "$FOLDER" | jq -r '.[]?.name'; }

# opens FILE MODE WANT - by exec in the container; MODE is <, > or <>
opens() {
	exec_ct @ sh -c ": $2 $1"
	case $3 in
	ok) good ;;
	*) says_like "can't (open|create) $1: $3" ;;
	esac
}

@test "devices: those that every container has, and no other" {
	rules ''
	idle
	opens /dev/null '>' ok
	opens /dev/zero '<' ok
	opens /dev/urandom '<' ok
	opens /dev/one '<' "$DENIED"
	opens /dev/two '<>' "$DENIED"
	opens /dev/block '<' "$DENIED"
}

@test "devices: the first process is filtered as exec is" {
	rules ''
	inside ': </dev/null && echo null; true </dev/one || echo refused'
	prints $'null\nrefused'
	says "$DENIED"
}

@test "devices: nodes can be made, not opened" {
	rules ''
	config '.process.capabilities[] += ["CAP_MKNOD"] | .root.readonly = false'
	rm -rf "$BUNDLE/rootfs/node"
	inside 'mknod /node c 240 9 && echo made; true </node || echo refused'
	prints $'made\nrefused'
	says "$DENIED"
}

@test "devices: read without write" {
	rules ', {allow: true, type: "c", major: 240, minor: 1, access: "r"}'
	idle
	opens /dev/one '<' "$ALLOWED"
	opens /dev/one '<>' "$DENIED"
	opens /dev/two '<' "$DENIED"
}

@test "devices: two rules that allow one kind of access each allow both" {
	rules ', {allow: true, type: "c", major: 240, minor: 1, access: "r"}, {allow: true, type: "c", major: 240, minor: 1, access: "w"}'
	idle
	opens /dev/one '<>' "$ALLOWED"
}

@test "devices: an exception from a wildcard, which v1 cannot make" {
	rules ', {allow: true, type: "c", major: 240, access: "rw"}, {allow: false, type: "c", major: 240, minor: 2, access: "w"}'
	idle
	opens /dev/one '<>' "$ALLOWED"
	opens /dev/two '<' "$ALLOWED"
	opens /dev/two '<>' "$DENIED"
	opens /dev/block '<' "$DENIED"
}

@test "devices: a privileged container has all, and no filter" {
	config '.linux.resources.devices = [{allow: true, access: "rwm"}]'
	idle
	opens /dev/one '<>' "$ALLOWED"
	opens /dev/block '<' "$ALLOWED"
	requires_program bpftool
	same "$(filters)" ''
}

@test "devices: mistakes in rules are named" {
	rules ', {allow: true, type: "d", access: "r"}'
	try rt create -b "$BUNDLE" "$CID"
	refused "linux.resources.devices[1].type: expected a, b or c, got 'd'"
}

@test "devices: the filter of a left-over cgroup is replaced" {
	requires_cgroupfs
	rules ''
	idle
	local pid
	pid=$(pid_of)
	opens /dev/one '<' "$DENIED"
	# as after a machine's trouble: no state, nobody inside, the folder with its filter is left
	rm -rf "${ROOT:?}/$CID"
	kill -9 "$pid"
	await 5 grep -q 'populated 0' "$FOLDER/cgroup.events"
	rules ', {allow: true, type: "c", major: 240, minor: 1, access: "rw"}'
	idle
	opens /dev/one '<' "$ALLOWED"
	opens /dev/two '<' "$DENIED"
	rmdir "$FOLDER" 2>/dev/null || true
	rt delete --force "$CID"
	# it was there before: not ours to remove
	[ ! -d "$FOLDER" ] || rmdir "$FOLDER"
}

@test "update: device rules are left alone, and replaced with --devices" {
	requires_cgroupfs
	rules ', {allow: true, type: "c", major: 240, minor: 1, access: "rw"}'
	idle
	echo '{"devices": [{"allow": false, "access": "rwm"}, {"allow": true, "type": "c", "major": 240, "minor": 2, "access": "rw"}]}' >"$D/new"
	try rt update --resources "$D/new" "$CID"
	good
	opens /dev/one '<' "$ALLOWED"
	opens /dev/two '<' "$DENIED"
	try rt update --devices --resources "$D/new" "$CID"
	good
	opens /dev/one '<' "$DENIED"
	opens /dev/two '<' "$ALLOWED"
	opens /dev/null '<' ok
	# and back, to everything
	echo '{"devices": [{"allow": true, "access": "rwm"}]}' >"$D/new"
	try rt update --devices --resources "$D/new" "$CID"
	good
	opens /dev/one '<' "$ALLOWED"
	requires_program bpftool
	same "$(filters)" carte_devices
}

@test "update: --devices without rules, and with broken ones" {
	rules ''
	idle
	try rt update --devices --memory -1 "$CID"
	exits 2
	says "--devices: --resources gives no device rules"
	echo '{"devices": [{"allow": true, "type": "c", "access": "x"}]}' >"$D/new"
	try rt update --devices --resources "$D/new" "$CID"
	says "devices[0].access: expected letters of rwm, got 'x'"
	opens /dev/one '<' "$DENIED"
}

@test "devices: a replacement never opens what old and new rules deny" {
	requires_cgroupfs
	rules ''
	idle
	echo '{"devices": [{"allow": false, "access": "rwm"}, {"allow": true, "type": "c", "major": 240, "minor": 2, "access": "rw"}]}' >"$D/new"
	"$RUNTIME" --root "$ROOT" exec "$CID" sh -c 'i=0; while [ $i -lt 4000 ]; do : </dev/one; i=$((i + 1)); done' >"$D/loop" 2>&1 3>&- </dev/null &
	AGENTS+=($!)
	local n
	for n in 1 2 3 4 5 6; do
		rt update --devices --resources "$D/new" "$CID"
	done
	rt kill "$CID" KILL
	await 5 gone "${AGENTS[0]}"
	[ -s "$D/loop" ]
	same "$(grep -v "$DENIED" "$D/loop")" ''
}
