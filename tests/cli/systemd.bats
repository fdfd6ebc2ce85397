#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The systemd cgroup manager: scopes, slices, properties, annotations, and a bus that fails. As root with the system's
# manager, as a user with the user's own.
# shellcheck shell=bash disable=SC2154,SC2016

load helpers
# it asks for the manager itself
MANAGER_OPTIONS=()

test_setup() {
	[ -d /run/systemd/system ] || skip "systemd does not run here"
	[ "$(id -u)" = 0 ] || [ -e "$XDG_RUNTIME_DIR/bus" ] || skip "no user session"
	requires_carte "these messages and this state"
	"$RUNTIME" --version | grep -q +SYSTEMD || skip "built without libdbus"
	UNIT=ct-$CID.scope
	config '.linux.cgroupsPath = ":ct:" + $id' --arg id "$CID"
	if [ "$(id -u)" = 0 ]; then
		SESSION=() SLICE=system.slice BASE=/system.slice BUS=DBUS_SYSTEM_BUS_ADDRESS
	else
		SESSION=(--user) SLICE=user.slice BUS=DBUS_SESSION_BUS_ADDRESS
		BASE=/user.slice/user-$(id -u).slice/user@$(id -u).service/user.slice
	fi
	V2=
	[ ! -e /sys/fs/cgroup/cgroup.controllers ] || V2=1
}

test_teardown() {
	sd stop "ct-$CID*" "carte-$CID*" 2>/dev/null || true
	sd reset-failed "ct-$CID*" 2>/dev/null || true
	[ -z "${KEPT:-}" ] || kill "$KEPT" 2>/dev/null || true
	# parents stay, and in v1 hierarchies that systemd does not use it removes none either
	find /sys/fs/cgroup/*/ct.slice -depth -type d -exec rmdir {} + 2>/dev/null || true
}

sd() { systemctl "${SESSION[@]}" "$@"; }
sdrt() { rt --systemd-cgroup "$@"; }
prop() { sd show -P "$1" "${2:-$UNIT}"; }
known() { [ "$(prop LoadState "$1")" != not-found ]; }
need_root() { [ "$(id -u)" = 0 ] || skip "needs root"; }
need_v2() { [ -n "$V2" ] || skip "needs cgroup v2"; }
need_limits() {
	[ -z "$V2" ] || grep -qw memory "/sys/fs/cgroup${BASE%/*}/cgroup.controllers" || skip "no memory controller on v2 here"
}
# file CONTROLLER NAME [UNIT-PATH] - the unit's file in the hierarchy of the controller
file() {
	local path=${3:-$BASE/$UNIT}
	if [ -n "$V2" ]; then cat "/sys/fs/cgroup$path/$2"; else cat "/sys/fs/cgroup/$1$path/$2"; fi
}
up() { # a container that waits
	args sleep 1000
	try sdrt create -b "$BUNDLE" "$CID"
	good
	start_ct
}
refuses() { # TEXT - create fails and leaves neither container nor unit
	try sdrt create -b "$BUNDLE" "$CID"
	refused "$1"
	! known "$UNIT" || show "the unit is still there"
}

@test "a scope: named by cgroupsPath, in its slice, with the process inside; delete leaves none and frees the ID" {
	local round
	for round in 1 2; do
		up
		same "$(prop ActiveState)" active
		same "$(prop Slice)" "$SLICE"
		same "$(prop Delegate)" yes
		same "$(prop DefaultDependencies)" no
		same "$(prop CollectMode)" inactive-or-failed
		same "$(prop Description)" "carte container $CID"
		same "$(prop ControlGroup)" "$BASE/$UNIT"
		grep -q ":$BASE/$UNIT\$" "/proc/$(pid_of)/cgroup"
		same "$(jq -r .cgroup.manager "$ROOT/$CID/state.json")" systemd
		same "$(jq -r .cgroup.unit "$ROOT/$CID/state.json")" "$UNIT"
		try rt delete --force "$CID"
		good
		not known "$UNIT"
	done
}

@test "names: without a path, without a prefix, without a slice, in a nested slice" {
	config 'del(.linux.cgroupsPath)'
	up
	same "$(prop Slice "carte-$CID.scope")" "$SLICE"
	rt delete --force "$CID"
	config '.linux.cgroupsPath = $p' --arg p "ct-$CID-a.slice:ct-$CID"
	up
	same "$(prop Slice)" "ct-$CID-a.slice"
	local parts=${CID//-/ } path="" name=ct part
	# each dash of the slice's name is one level
	path=/ct.slice
	for part in $parts a; do
		name=$name-$part
		path=$path/$name.slice
	done
	same "$(prop ControlGroup)" "${BASE%/*.slice}$path/$UNIT"
	grep -q ":${BASE%/*.slice}$path/$UNIT\$" "/proc/$(pid_of)/cgroup"
	rt delete --force "$CID"
	sd stop ct.slice
	config '.linux.cgroupsPath = $p' --arg p "ct-$CID"
	up
	same "$(prop Slice)" "$SLICE"
}

@test "names: what a unit's name may not have is escaped" {
	config '.linux.cgroupsPath = $p' --arg p ":c+t:$CID"
	up
	same "$(prop ControlGroup "$(systemd-escape --mangle "c\\x2bt-$CID.scope")")" "$BASE/c\\x2bt-$CID.scope"
	rt delete --force "$CID"
	not known "c\\x2bt-$CID.scope"
}

@test "a slice as the container's unit" {
	need_root
	config '.linux.cgroupsPath = $p' --arg p "system.slice:x:ct${CID//-/}.slice"
	up
	same "$(prop ActiveState "ct${CID//-/}.slice")" active
	grep -q ":/ct${CID//-/}.slice\$" "/proc/$(pid_of)/cgroup"
	try rt exec "$CID" true
	good
	try rt delete --force "$CID"
	good
	[ ! -e "/sys/fs/cgroup/ct${CID//-/}.slice" ]
}

@test "limits: properties and files agree, and a daemon-reload leaves both" {
	need_limits
	local round
	config '.linux.resources.memory = {limit: 67108864} | .linux.resources.pids = {limit: 50}'
	[ "$(id -u)" != 0 ] || config '.linux.resources.cpu = {shares: 512, quota: 20000, period: 100000}'
	up
	for round in 1 2; do
		same "$(prop TasksMax)" 50
		same "$(file pids pids.max)" 50
		if [ -n "$V2" ]; then
			same "$(prop MemoryMax)" 67108864
			same "$(file memory memory.max)" 67108864
		else
			need_root
			same "$(prop MemoryLimit)" 67108864
			same "$(file memory memory.limit_in_bytes)" 67108864
		fi
		if [ "$(id -u)" = 0 ]; then
			same "$(prop CPUQuotaPerSecUSec)" 200ms
			if [ -n "$V2" ]; then
				same "$(prop CPUWeight)" 59
				same "$(file cpu cpu.weight)" 59
				same "$(file cpu cpu.max)" "20000 100000"
			else
				same "$(prop CPUShares)" 512
				same "$(file cpu cpu.shares)" 512
				same "$(file cpu cpu.cfs_quota_us)" 20000
			fi
		fi
		sd daemon-reload
	done
}

@test "limits of v2: memory and its swap, cpuset, io and unified keys are properties" {
	need_v2
	need_root
	need_limits
	local cpus=0
	[ "$(nproc --all)" -lt 2 ] || cpus=0-1
	config '.linux.resources.memory = {limit: 67108864, swap: 100663296, reservation: 33554432}
		| .linux.resources.cpu = {cpus: $cpus, mems: "0", idle: 0}
		| .linux.resources.unified = {"memory.high": "50331648", "memory.min": "4096", "cpu.weight": "77", "pids.max": "max"}' --arg cpus $cpus
	up
	local round
	for round in 1 2; do
		same "$(prop MemorySwapMax) $(prop MemoryLow) $(prop MemoryHigh) $(prop MemoryMin)" "33554432 33554432 50331648 4096"
		same "$(file x memory.swap.max) $(file x memory.low) $(file x memory.high) $(file x memory.min)" "33554432 33554432 50331648 4096"
		same "$(prop AllowedCPUs) $(prop AllowedMemoryNodes)" "$cpus 0"
		same "$(file x cpuset.cpus) $(file x cpuset.mems)" "$cpus 0"
		same "$(prop CPUWeight) $(file x cpu.weight)" "77 77"
		same "$(prop TasksMax) $(file x pids.max)" "infinity max"
		sd daemon-reload
	done
}

@test "device rules: refused and allowed devices stay so over a daemon-reload" {
	need_root
	mknod "$BUNDLE/rootfs/kmsg" c 1 11
	chmod 666 "$BUNDLE/rootfs/kmsg"
	local round
	up
	for round in 1 2; do
		try rt exec "$CID" sh -c 'head -c 1 /dev/zero >/dev/null && echo zero; head -c 1 /kmsg'
		has zero
		says "Operation not permitted"
		sd daemon-reload
	done
	same "$(prop DevicePolicy)" strict
	prop DeviceAllow | grep -q '/dev/char/1:5 rwm'
	sd set-property --runtime "$UNIT" TasksMax=77
	try rt exec "$CID" sh -c 'head -c 1 /dev/zero >/dev/null && echo zero; head -c 1 /kmsg'
	has zero
	says "Operation not permitted"
}

@test "annotations: properties of the unit" {
	config '.annotations = {"org.systemd.property.TimeoutStopSec": "uint64 7", "org.systemd.property.SendSIGHUP": "true",
		"org.systemd.property.Documentation": "[\"man:x\", '"'man:y'"']", "org.systemd.property.Description": "'"'mine'"'"}'
	up
	same "$(prop TimeoutStopUSec)" 7s
	same "$(prop SendSIGHUP)" yes
	same "$(prop Documentation)" "man:x man:y"
	same "$(prop Description)" mine
}

@test "annotations: what cannot be is one clear line" {
	config '.annotations = {"org.systemd.property.TimeoutStopSec": "soon"}'
	refuses 'annotations["org.systemd.property.TimeoutStopSec"]: expected true, false, a number, a quoted string, or an array of them'
	config '.annotations = {"org.systemd.property.Exec-Start": "1"}'
	refuses "annotations[\"org.systemd.property.Exec-Start\"]: a property's name is made of letters only"
	config '.annotations = {"org.systemd.property.NoSuchThing": "1"}'
	refuses "systemd: start unit $UNIT: Cannot set property NoSuchThing, or unknown property."
}

@test "update: the unit and the files, without --systemd-cgroup" {
	need_v2
	need_limits
	up
	try rt update --memory 134217728 --pids-limit 33 "$CID"
	good
	same "$(prop MemoryMax) $(file x memory.max)" "134217728 134217728"
	same "$(prop TasksMax) $(file x pids.max)" "33 33"
	if [ "$(id -u)" = 0 ]; then
		try rt update --cpu-quota 12345 --cpu-period 50000 "$CID"
		good
		# systemd keeps whole percents, the kernel what was asked
		same "$(prop CPUQuotaPerSecUSec) $(file x cpu.max)" "250ms 12345 50000"
		try rt update --cpu-share 2048 "$CID"
		good
		same "$(prop CPUWeight) $(file x cpu.weight) $(file x cpu.max)" "174 174 12345 50000"
		try rt update --cpu-period 100000 "$CID"
		good
		same "$(prop CPUQuotaPerSecUSec) $(file x cpu.max)" "130ms 12345 100000"
		try rt update --cpu-quota -1 "$CID"
		good
		same "$(prop CPUQuotaPerSecUSec) $(file x cpu.max)" "infinity max 100000"
	fi
	sd daemon-reload
	same "$(file x memory.max) $(file x pids.max)" "134217728 33"
	try rt update --memory -1 "$CID"
	good
	same "$(prop MemoryMax) $(file x memory.max)" "infinity max"
}

@test "exec, pause, resume, kill come without --systemd-cgroup" {
	up
	try rt exec "$CID" sleep 0
	good
	rt exec -d "$CID" sleep 1000
	local pid
	for pid in $(rt ps --format json "$CID" | jq -r '.[]'); do
		grep -q ":$BASE/$UNIT\$" "/proc/$pid/cgroup" || show "$pid: $(cat "/proc/$pid/cgroup")"
	done
	count_ps 2
	if [ "$(id -u)" = 0 ] || [ -n "$V2" ]; then
		rt pause "$CID"
		status_is paused
		rt resume "$CID"
	fi
	rt kill "$CID" KILL
	await_status stopped
	try rt delete "$CID"
	good
	not known "$UNIT"
}

@test "exec from a login session, whose cgroup is not the user's" {
	[ "$(id -u)" != 0 ] || skip "for a user"
	need_v2
	up
	# a scope of another manager cannot be had without a login; the rights are what matters
	grep -q "/user@$(id -u).service/" /proc/self/cgroup || {
		try rt exec "$CID" cat /proc/self/cgroup
		good
	}
	try rt exec -d "$CID" sleep 100
	good
	count_ps 2
}

@test "run: short ones under one name, one after the other; no unit and no helper is left" {
	local round
	args true
	for round in 1 2 3 4 5; do
		try sdrt run -b "$BUNDLE" "$CID"
		good
		! known "$UNIT" || show "round $round: the unit is still there"
		[ ! -e "/sys/fs/cgroup$BASE/$UNIT" ]
	done
	# a create that fails between the start of the helper and the start of the unit
	config '.root.path = "none"'
	refuses "none"
	same "$(pgrep -x carte-systemd || true)" ""
}

@test "drivers: a path of the other one is refused in one line" {
	config '.linux.cgroupsPath = "/foo/bar"'
	refuses "config.json: linux.cgroupsPath: expected slice:prefix:name for the systemd cgroup manager, got '/foo/bar': does the engine use the cgroupfs driver?"
	config '.linux.cgroupsPath = "a:b:c:d"'
	refuses "got 'a:b:c:d'"
	config '.linux.cgroupsPath = "a--b.slice:ct:x"'
	refuses "linux.cgroupsPath: invalid slice 'a--b.slice': a dash must be between two words"
	config '.linux.cgroupsPath = "mine:ct:x"'
	refuses "linux.cgroupsPath: invalid slice 'mine': expected a name that ends with .slice"
	config '.linux.cgroupsPath = "system.slice:ct:x"'
	try rt create -b "$BUNDLE" "$CID"
	refused "linux.cgroupsPath: 'system.slice:ct:x' is for the systemd cgroup manager, this is cgroupfs: use --systemd-cgroup, or the cgroupfs driver in the engine"
}

@test "a unit of that name: one that lives is refused, one that failed is replaced" {
	args true
	systemd-run "${SESSION[@]}" --scope --unit="$UNIT" sleep 100 2>"$D/run" &
	KEPT=$!
	await 10 known "$UNIT"
	await 10 sh -c "grep -q '$UNIT' /proc/$KEPT/cgroup"
	try sdrt create -b "$BUNDLE" "$CID"
	refused "$UNIT"
	same "$(prop ActiveState)" active
	kill "$KEPT"
	await 10 sh -c "! systemctl ${SESSION[*]} is-active $UNIT"
	systemd-run "${SESSION[@]}" --scope --unit="$UNIT" -p RuntimeMaxSec=1 -p TimeoutStopSec=1 sleep 100 2>"$D/run" &
	await 20 sh -c "systemctl ${SESSION[*]} is-failed $UNIT"
	KEPT=
	up
	same "$(prop ActiveState)" active
}

@test "a create that is killed at any moment leaves what delete --force cleans" {
	local delay pid
	args sleep 1000
	# from a fast machine to an emulated one
	for delay in 0 0.004 0.008 0.012 0.016 0.02 0.03 0.05 0.1 0.2 0.3 0.5 0.8; do
		"$RUNTIME" --root "$ROOT" --systemd-cgroup create -b "$BUNDLE" "$CID" >/dev/null 2>&1 3>&- &
		pid=$!
		sleep "$delay"
		kill -9 "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
		try rt delete --force "$CID"
		good
		[ ! -e "$ROOT/$CID" ]
		await 5 sh -c "! systemctl ${SESSION[*]} is-active $UNIT"
		same "$(find /sys/fs/cgroup -type d -name "$UNIT")" ""
	done
}

# The bus is outside, where this root is an ordinary user.
@test "root of a user namespace is the user that systemd sees" {
	[ "$(id -u)" != 0 ] || skip "for a user"
	local helper=${RUNTIME%/*}/carte-systemd uid
	[ -x "$helper" ] || skip "no carte-systemd beside the runtime"
	uid=$(id -u)
	printf '%s\0' "$(sed -n 's/^#define WIRE_MAGIC "\(.*\)"$/\1/p' "$TESTS/../src/runtime/cgroup/systemd_wire.h")" stop none.scope 0 0 >"$D/request"
	IN=$D/request try unshare -Ur "$helper" user "$uid" 10
	same "$out" ok
	IN=$D/request try unshare -Ur "$helper" user 0 10
	grep -q "closed the connection before it had accepted us as user 0" <<<"$out" || show "$out"
}

# ---- the bus -----------------------------------------------------------------------------------------------------

# bus KIND - a socket at $D/bus that accepts; silent: and says nothing, closing: and closes
bus() {
	python3 - "$1" "$D/bus" <<-'END' 3>&- &
		import socket, sys, time
		kind, path = sys.argv[1:]
		s = socket.socket(socket.AF_UNIX)
		s.bind(path)
		s.listen(8)
		kept = []
		while True:
		    c = s.accept()[0]
		    if kind == "silent":
		        kept.append(c)
		    else:
		        c.recv(1)
		        c.close()
	END
	AGENTS+=($!)
	await 10 test -S "$D/bus"
}

@test "a bus that says nothing is an error in bounded time, and leaves nothing" {
	requires_python
	bus silent
	args sleep 1000
	local before=$SECONDS
	T=60 try env "$BUS=unix:path=$D/bus" timeout 60 "$RUNTIME" --root "$ROOT" --systemd-cgroup create -b "$BUNDLE" "$CID"
	refused "systemd did not answer within 25 seconds"
	[ $((SECONDS - before)) -lt 32 ] || show "it took $((SECONDS - before)) s"
	not known "$UNIT"
}

@test "a bus that closes, a bus that is not there: an error at once" {
	requires_python
	local before=$SECONDS
	bus closing
	args sleep 1000
	try env "$BUS=unix:path=$D/bus" "$RUNTIME" --root "$ROOT" --systemd-cgroup create -b "$BUNDLE" "$CID"
	refused "systemd: "
	try env "$BUS=unix:path=$D/none" "$RUNTIME" --root "$ROOT" --systemd-cgroup create -b "$BUNDLE" "$CID"
	refused "--cgroup-manager cgroupfs does without"
	[ $((SECONDS - before)) -lt 15 ] || show "it took $((SECONDS - before)) s"
	not known "$UNIT"
}

@test "delete, when the bus stalls: a scope on v2 goes without it, else it says so, and does it the next time" {
	requires_python
	up
	bus silent
	T=60 try env "$BUS=unix:path=$D/bus" timeout 60 "$RUNTIME" --root "$ROOT" delete --force "$CID"
	if [ -n "$V2" ]; then
		good
		[ ! -e "$ROOT/$CID" ]
		not known "$UNIT"
		[ "$(id -u)" = 0 ] || return 0
		# systemd keeps an empty slice, so that one has to be stopped
		UNIT=ct${CID//-/}.slice
		config '.linux.cgroupsPath = $p' --arg p "system.slice:x:$UNIT"
		up
		T=60 try env "$BUS=unix:path=$D/bus" timeout 60 "$RUNTIME" --root "$ROOT" delete --force "$CID"
	fi
	says "systemd did not answer within 25 seconds"
	[ "$status" -ne 0 ]
	[ -e "$ROOT/$CID" ]
	try rt delete --force "$CID"
	good
	[ ! -e "$ROOT/$CID" ]
	! known "$UNIT" || same "$(prop ActiveState)" inactive
}

@test "the unit has what runc's has" {
	need_root
	need_v2
	need_limits
	requires_program runc
	local name here there
	config '.linux.resources.memory = {limit: 67108864, swap: 134217728, reservation: 33554432} | .linux.resources.pids = {limit: 50}
		| .linux.resources.cpu = {quota: 20000, period: 100000, cpus: "0"} | .process.args = ["sleep", "1000"]
		| .linux.cgroupsPath = "system.slice:ct:" + $id' --arg id "$CID"
	up
	# runc 1.1 does not know every field of ours
	sed 's/"ociVersion":"[^"]*"/"ociVersion":"1.0.2"/' -i "$BUNDLE/config.json"
	for name in Slice Delegate DefaultDependencies MemoryMax MemorySwapMax MemoryLow TasksMax CPUQuotaPerSecUSec AllowedCPUs \
		MemoryAccounting CPUAccounting TasksAccounting DevicePolicy ControlGroup; do
		echo "$name=$(prop $name)"
	done >"$D/here"
	rt delete --force "$CID"
	runc --root "$D/runc" --systemd-cgroup run -d -b "$BUNDLE" "$CID" </dev/null >"$D/out" 2>"$D/err" 3>&- || {
		cat "$D/err"
		false
	}
	for name in $(sed 's/=.*//' "$D/here"); do echo "$name=$(prop "$name")"; done >"$D/there"
	runc --root "$D/runc" delete --force "$CID"
	diff "$D/here" "$D/there"
}
