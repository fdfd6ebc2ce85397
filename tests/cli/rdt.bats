#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# linux.intelRdt on a tree made here, as no hardware can be asked for: the runtime looks at $CARTE_RESCTRL_ROOT.
load helpers

test_setup() {
	requires_carte "a resctrl root for tests"
	export CARTE_RESCTRL_ROOT=$D/resctrl
	mkdir -p "$CARTE_RESCTRL_ROOT"/{info/L3,info/MB,mon_groups}
	: >"$CARTE_RESCTRL_ROOT/tasks"
	echo 'L3:0=fffff' >"$CARTE_RESCTRL_ROOT/schemata"
	args sleep 1000
}

# a kernel makes these files with the folder
group() {
	mkdir -p "$CARTE_RESCTRL_ROOT/$1/mon_groups"
	: >"$CARTE_RESCTRL_ROOT/$1/tasks"
	: >"$CARTE_RESCTRL_ROOT/$1/schemata"
}

@test "intelRdt: a group that exists with the same schemata is entered, and stays" {
	group class1
	printf 'L3:0=ff\nMB:0=50\n' >"$CARTE_RESCTRL_ROOT/class1/schemata"
	config '.linux.intelRdt = {closID: "class1", l3CacheSchema: "L3:0=ff", memBwSchema: "MB:0=50"}'
	up_ct
	same "$(cat "$CARTE_RESCTRL_ROOT/class1/tasks" | tr -d '\n')" "$(pid_of)"
	# not made by the runtime: stays
	rt delete --force "$CID"
	[ -d "$CARTE_RESCTRL_ROOT/class1" ]
}

@test "intelRdt: a group that exists with other schemata is refused" {
	group class1
	printf 'L3:0=f\n' >"$CARTE_RESCTRL_ROOT/class1/schemata"
	config '.linux.intelRdt = {closID: "class1", l3CacheSchema: "L3:0=ff"}'
	try rt create -b "$BUNDLE" "$CID"
	refused linux.intelRdt.closID class1
}

@test "intelRdt: closID must be a name" {
	local name
	for name in .. . a/b ../x; do
		config '.linux.intelRdt = {closID: $n}' --arg n "$name"
		try rt create -b "$BUNDLE" "$CID"
		refused closID
	done
}

@test "intelRdt: a closID without schemata must exist" {
	config '.linux.intelRdt = {closID: "nosuch"}'
	try rt create -b "$BUNDLE" "$CID"
	refused nosuch
}

@test "intelRdt: no resctrl at all is an error that says so" {
	export CARTE_RESCTRL_ROOT=$D/nothing
	config '.linux.intelRdt = {closID: "x", l3CacheSchema: "L3:0=f"}'
	try rt create -b "$BUNDLE" "$CID"
	refused
	[[ ${err,,} == *rdt* || ${err,,} == *resctrl* ]] || show "names it"
}

@test "intelRdt: update of the schemata" {
	group class1
	printf 'L3:0=ff\n' >"$CARTE_RESCTRL_ROOT/class1/schemata"
	config '.linux.intelRdt = {closID: "class1", l3CacheSchema: "L3:0=ff"}'
	up_ct
	try rt update --l3-cache-schema 'L3:0=f' --mem-bw-schema 'MB:0=20' "$CID"
	good
	grep -qE 'L3:0=f$|MB:0=20' "$CARTE_RESCTRL_ROOT/class1/schemata"
}
