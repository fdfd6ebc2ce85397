#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Figures and events on v1 and v2: stats, events, and the options of update that only v2 has.

load helpers

test_setup() { requires_carte "stats"; }

psi_here() { [ -e "/sys/fs/cgroup/$(on_v2 || echo unified)/cgroup.pressure" ] || [ -e "/sys/fs/cgroup/$(on_v2 || echo unified)/$CID/cpu.pressure" ]; }
cell() { awk -v row="$2" -v column="$1" '$1 == row { print $column }' "$D/out"; }

@test "stats: json is the line of events --stats" {
	requires_own_cgroup
	idle
	try rt stats --format json "$CID"
	good
	same "$(wc -l <"$D/out")" 1
	jq -e --arg id "$CID" '.type == "stats" and .id == $id' "$D/out"
	local paths
	paths=$(jq -c '[paths | map(select(type == "string"))] | unique' "$D/out")
	try rt events --stats "$CID"
	same "$(jq -c '[paths | map(select(type == "string"))] | unique' "$D/out")" "$paths"
}

@test "stats: runc's shape on every version of cgroups" {
	requires_own_cgroup
	idle
	try rt stats -f json "$CID"
	jq -e '.data | keys == ["blkio","cpu","cpuset","hugetlb","intel_rdt","memory","network_interfaces","pids"]' "$D/out"
	jq -e '.data.cpu.usage | .total > 0 and .kernel >= 0 and .user >= 0' "$D/out"
	jq -e '.data.cpu.throttling | keys == ["periods","throttledPeriods","throttledTime"]' "$D/out"
	jq -e '.data.memory | (.usage, .swap, .kernel, .kernelTCP) | keys == ["failcnt","limit","max","usage"]' "$D/out"
	jq -e '.data.cpuset | has("sched_relax_domain_level") and has("cpu_exclusive")' "$D/out"
	jq -e '.data.intel_rdt == {} and (.data.memory.raw | type) == "object"' "$D/out"
}

@test "stats: the figures are the kernel's" {
	requires_cgroup memory
	requires_cgroup pids
	config '.linux.resources.memory = {limit: 67108864} | .linux.resources.pids.limit = 33'
	script 'head -c 3000000 /dev/zero >/tmp/x; : >/tmp/done; sleep 1000; true'
	config '.mounts += [{destination: "/tmp", type: "tmpfs", source: "tmpfs"}]'
	up_ct
	await 5 test -e "/proc/$(pid_of)/root/tmp/done"
	await 5 count_ps 2
	try rt stats -f json "$CID"
	jq -e '.data.memory.usage.limit == 67108864 and .data.memory.usage.usage > 3000000' "$D/out"
	jq -e '.data.memory.cache >= 3000000 and .data.memory.usage.max >= .data.memory.usage.usage' "$D/out"
	jq -e '.data.pids == {current: 2, limit: 33}' "$D/out"
	on_v2 || return 0
	jq -e '.data.memory.events.oom_kill == 0' "$D/out"
	same "$(jq .data.memory.raw.shmem "$D/out")" "$(awk '$1 == "shmem" { print $2 }' "$(cgroup_dir memory)/memory.stat")"
}

@test "stats: psi, where there is a v2 hierarchy" {
	requires_own_cgroup
	idle
	psi_here || skip "no pressure files here"
	try rt stats -f json "$CID"
	jq -e '.data | (.cpu, .memory, .blkio) | .psi | (.some, .full) | keys == ["avg10","avg300","avg60","total"] and (map(type) | unique == ["number"])' "$D/out"
}

@test "stats: a table for people" {
	requires_cgroup pids
	config '.linux.resources.pids.limit = 33'
	idle
	try rt stats
	good
	same "$(head -n 1 "$D/out" | tr -s ' ')" "ID CPU TIME MEMORY LIMIT PIDS LIMIT CPU STALLS MEM STALLS IO STALLS"
	same "$(cell 5 "$CID")" 1
	same "$(cell 6 "$CID")" 33
	[[ $(cell 2 "$CID") =~ ^[0-9]+\.[0-9]{3}s$ ]]
}

@test "stats: all that run, or those named" {
	requires_own_cgroup
	idle
	args true
	config '.linux.cgroupsPath += "-2"'
	rt create -b "$BUNDLE" "$CID-2"
	rt start "$CID-2"
	await 5 sh -c "[ \"\$($RUNTIME --root $ROOT state $CID-2 | jq -r .status)\" = stopped ]"
	try rt stats -f json
	good
	same "$(jq -r .id "$D/out")" "$CID"
	try rt stats "$CID" "$CID-2"
	[ "$status" -ne 0 ]
	says "container $CID-2 is not running"
	try rt stats nosuch
	says "container does not exist"
	try rt stats --format yaml "$CID"
	exits 2
	says "unknown format 'yaml': expected table or json"
}

@test "events: out of memory is told once for each kill, other notices are not" {
	requires_v2 memory
	config '.linux.resources.memory = {limit: 33554432, swap: 33554432}'
	idle
	timeout 60 "$RUNTIME" --root "$ROOT" events --interval 100s "$CID" >"$D/ev" 2>&1 </dev/null 3>&- &
	AGENTS+=($!)
	sleep 0.5
	# the limit is met and page cache reclaimed: "max" counts, nobody is killed
	exec_ct @ sh -c 'head -c 60000000 /bin/busybox >/dev/null; i=0; while [ $i -lt 20 ]; do cat /bin/busybox >/dev/null; i=$((i + 1)); done'
	rt update --memory-high 16m "$CID"
	rt update --memory-high -1 "$CID"
	[ ! -s "$D/ev" ]
	exec_ct @ dd if=/dev/zero of=/dev/null bs=64M count=1
	exits 137
	await 10 grep -q oom "$D/ev"
	exec_ct @ dd if=/dev/zero of=/dev/null bs=64M count=1
	await 10 sh -c "[ \$(grep -c oom $D/ev) = 2 ]"
	same "$(jq -sc 'map(.type)' "$D/ev")" '["oom","oom"]'
}

@test "update: --memory-high, --memory-min, --memory-oom-group" {
	requires_v2 memory
	idle
	try rt update --memory-high 64m --memory-min 4096 --memory-oom-group 1 "$CID"
	good
	same "$(cgroup_value memory memory.high)" 67108864
	same "$(cgroup_value memory memory.min)" 4096
	same "$(cgroup_value memory memory.oom.group)" 1
	# one leaves the others; an option wins over the document
	echo '{"unified": {"memory.high": "1048576000", "memory.min": "8192"}}' >"$D/new"
	try rt update --resources "$D/new" --memory-high -1 --memory-oom-group 0 "$CID"
	good
	same "$(cgroup_value memory memory.high)" max
	same "$(cgroup_value memory memory.min)" 8192
	same "$(cgroup_value memory memory.oom.group)" 0
}

@test "update: what was written is taken back when something is refused" {
	requires_v2 memory
	idle
	rt update --memory-high 64m "$CID"
	echo '{"unified": {"memory.nosuch": "1"}}' >"$D/new"
	try rt update --resources "$D/new" --memory-high 32m --memory 100m "$CID"
	[ "$status" -ne 0 ]
	same "$(cgroup_value memory memory.high)" 67108864
	same "$(cgroup_value memory memory.max)" max
}

@test "update: --psi" {
	idle
	local file
	file=$(on_v2 && cgroup_dir x || echo "/sys/fs/cgroup/unified/$CID")/cgroup.pressure
	[ -e "$file" ] || skip "the kernel has no cgroup.pressure here"
	try rt update --psi 0 "$CID"
	good
	same "$(cat "$file")" 0
	try rt stats -f json "$CID"
	jq -e '.data.cpu | has("psi") | not' "$D/out"
	rt update --psi 1 "$CID"
	same "$(cat "$file")" 1
}

@test "update: options of v2 on a host without it" {
	! on_v2 || skip "this is cgroup v2"
	idle
	local option
	for option in --memory-high=64m --memory-min=1m --memory-oom-group=1; do
		try rt update "$option" "$CID"
		exits 7
		says "${option%%=*}: needs cgroup v2 with the memory controller"
	done
	echo '{"devices": [{"allow": true, "access": "rwm"}]}' >"$D/new"
	try rt update --devices --resources "$D/new" "$CID"
	exits 7
	says "only cgroup v2 can replace them in one step"
}

@test "update: values that are none" {
	idle
	try rt update --memory-oom-group yes "$CID"
	exits 2
	says 'invalid value "yes" for --memory-oom-group: expected 0 or 1'
	try rt update --memory-high 12q "$CID"
	says 'invalid value "12q" for --memory-high: expected bytes, a size such as 64m, or -1'
}
