#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# linux.resources and linux.cgroupsPath: what the kernel's files hold afterwards, at create and after update.
load helpers

test_setup() {
	requires_cgroup memory
	args sleep 1000
}

# The device of the bundle's file system as MAJOR:MINOR, its whole disk.
disk() {
	local dev
	dev=$(lsblk -ndo MAJ:MIN 2>/dev/null | tr -d ' ' | head -n 1)
	[ -n "$dev" ] || skip "no block device"
	MAJOR=${dev%:*} MINOR=${dev#*:}
}
holds() { cgroup_holds "$@"; }

@test "memory: limit, reservation, swap" {
	config '.linux.resources.memory = {limit: 67108864, reservation: 33554432, swap: 134217728}'
	up_ct
	holds memory memory.limit_in_bytes 67108864
	holds memory memory.soft_limit_in_bytes 33554432
	[ ! -e "$(cgroup_dir memory)/memory.memsw.limit_in_bytes" ] || holds memory memory.memsw.limit_in_bytes 134217728
	[ ! -e "$(cgroup_dir memory)/memory.swap.max" ] || holds memory memory.swap.max 67108864
}

@test "memory: -1 is unlimited" {
	config '.linux.resources.memory = {limit: -1, swap: -1}'
	up_ct
	if on_v2; then
		holds memory memory.max max
	else
		holds memory memory.limit_in_bytes "$(cat /sys/fs/cgroup/memory/memory.limit_in_bytes)"
	fi
}

@test "memory: swappiness, disableOOMKiller, and the values that mean leave" {
	on_v2 || requires_file memory/memory.swappiness
	config '.linux.resources.memory = {limit: 67108864, swappiness: 17, disableOOMKiller: true}'
	if on_v2; then
		try rt create -b "$BUNDLE" "$CID"
		[ "$RUNTIME_KIND" != carte ] || refused 'config.json: linux.resources.memory.swappiness: cgroup v2 has no such setting'
	else
		up_ct
		holds memory memory.swappiness 17
		grep -q "oom_kill_disable 1" "$(cgroup_dir memory)/memory.oom_control"
	fi
	rt delete --force "$CID" 2>/dev/null || true
	config '.linux.resources = {memory: {limit: 0, disableOOMKiller: false}, blockIO: {weight: 0}, pids: {limit: 0}, cpu: {shares: 0, quota: 0, period: 0, cpus: "", mems: ""}, devices: []}'
	up_ct
}

@test "memory: a limit of kernel memory holds or is refused" {
	requires_carte "this rule"
	config '.linux.resources.memory = {kernel: 67108864}'
	try rt create -b "$BUNDLE" "$CID"
	[ "$status" -ne 0 ] || holds memory memory.kmem.limit_in_bytes 67108864
	if on_v2; then
		refused 'linux.resources.memory.kernel: cgroup v2 has no such setting'
	elif [ "$status" -ne 0 ]; then
		says 'linux.resources.memory.kernel: this kernel refuses memory.kmem.limit_in_bytes'
	fi
}

@test "memory: swappiness above 100" {
	config '.linux.resources.memory = {swappiness: 101}'
	try rt create -b "$BUNDLE" "$CID"
	refused swappiness
}

@test "memory: swap below limit" {
	config '.linux.resources.memory = {limit: 67108864, swap: 33554432}'
	try rt create -b "$BUNDLE" "$CID"
	refused
}

@test "memory: the limit is enforced" {
	config '.linux.resources.memory = {limit: 16777216, swap: 16777216} | .process.args = ["dd", "if=/dev/zero", "of=/dev/null", "bs=64M", "count=1"]'
	run_ct
	exits 137
}

@test "cpu: shares, quota, period" {
	config '.linux.resources.cpu = {shares: 512, quota: 25000, period: 50000}'
	up_ct
	holds cpu cpu.shares 512
	holds cpu cpu.cfs_quota_us 25000
	holds cpu cpu.cfs_period_us 50000
}

@test "cpu: quota -1, period alone" {
	config '.linux.resources.cpu = {quota: -1, period: 50000}'
	up_ct
	holds cpu cpu.cfs_quota_us -1
	holds cpu cpu.cfs_period_us 50000
}

@test "cpu: burst, idle" {
	requires_carte "burst and idle"
	on_v2 || requires_file cpu/cpu.cfs_burst_us
	config '.linux.resources.cpu = {quota: 50000, period: 100000, burst: 20000}'
	up_ct
	holds cpu cpu.cfs_burst_us 20000
	rt delete --force "$CID"
	on_v2 || requires_file cpu/cpu.idle
	config '.linux.resources.cpu = {idle: 1}'
	up_ct
	holds cpu cpu.idle 1
}

@test "cpu: realtime is written, or refused by the kernel with words" {
	! on_v2 || requires_carte "an error for realtime on v2"
	config '.linux.resources.cpu = {realtimePeriod: 1000000, realtimeRuntime: 1000}'
	try rt create -b "$BUNDLE" "$CID"
	if [ "$status" -eq 0 ]; then
		holds cpu cpu.rt_runtime_us 1000
	elif on_v2; then
		refused 'linux.resources.cpu.realtimePeriod: cgroup v2 has no such setting'
	else
		refused rt_
	fi
}

@test "cpuset: cpus, mems" {
	requires_cgroup cpuset
	config '.linux.resources.cpu = {cpus: "0", mems: "0"}'
	up_ct
	holds cpuset cpuset.cpus 0
	holds cpuset cpuset.mems 0
	exec_ct @ grep Cpus_allowed_list /proc/self/status
	prints $'Cpus_allowed_list:\t0'
}

@test "cpuset: CPUs that are not there" {
	requires_cgroup cpuset
	config '.linux.resources.cpu = {cpus: "4000"}'
	try rt create -b "$BUNDLE" "$CID"
	refused cpuset
}

@test "pids: limit, -1, enforced" {
	config '.linux.resources.pids = {limit: 5}'
	up_ct
	holds pids pids.max 5
	exec_ct @ sh -c 'sleep 1 & sleep 1 & sleep 1 & sleep 1 & sleep 1 & sleep 1 & wait'
	[ "$status" -ne 0 ]
	says "can't fork"
	rt delete --force "$CID"
	config '.linux.resources.pids = {limit: -1}'
	up_ct
	holds pids pids.max max
}

@test "blockIO: throttles" {
	requires_cgroup blkio
	on_v2 || requires_file blkio/blkio.throttle.read_bps_device
	disk
	config '.linux.resources.blockIO = {throttleReadBpsDevice: [{major: $a, minor: $i, rate: 1000000}], throttleWriteBpsDevice: [{major: $a, minor: $i, rate: 2000000}],
		throttleReadIOPSDevice: [{major: $a, minor: $i, rate: 300}], throttleWriteIOPSDevice: [{major: $a, minor: $i, rate: 400}]}' --argjson a "$MAJOR" --argjson i "$MINOR"
	up_ct
	if on_v2; then
		holds io io.max "$MAJOR:$MINOR rbps=1000000 wbps=2000000 riops=300 wiops=400"
		return
	fi
	holds blkio blkio.throttle.read_bps_device "$MAJOR:$MINOR 1000000"
	holds blkio blkio.throttle.write_bps_device "$MAJOR:$MINOR 2000000"
	holds blkio blkio.throttle.read_iops_device "$MAJOR:$MINOR 300"
	holds blkio blkio.throttle.write_iops_device "$MAJOR:$MINOR 400"
}

@test "blockIO: weight, or a message where the kernel has none" {
	requires_cgroup blkio
	config '.linux.resources.blockIO = {weight: 200}'
	try rt create -b "$BUNDLE" "$CID"
	if [ "$status" -eq 0 ]; then
		local dir
		dir=$(cgroup_dir blkio)
		if [ -e "$dir/blkio.bfq.weight" ]; then
			holds blkio blkio.bfq.weight 200
		elif [ -e "$dir/blkio.weight" ]; then
			holds blkio blkio.weight 200
		elif [ -e "$dir/io.bfq.weight" ]; then
			holds io io.bfq.weight "default 200"
		elif [ -e "$dir/io.weight" ]; then
			holds io io.weight "default 1920"
		else
			show "no file holds the weight, and create did not say so"
		fi
	else
		refused weight
	fi
}

@test "hugepageLimits: written, or a message where the hierarchy is missing" {
	config '.linux.resources.hugepageLimits = [{pageSize: "2MB", limit: 4194304}]'
	try rt create -b "$BUNDLE" "$CID"
	if [ "$status" -ne 0 ]; then
		refused huge
	elif [ -e "$(cgroup_dir unified)/hugetlb.2MB.max" ]; then
		holds unified hugetlb.2MB.max 4194304
		[ "$RUNTIME_KIND" != carte ] || holds unified hugetlb.2MB.rsvd.max 4194304
	elif [ -e "$(cgroup_dir hugetlb)/hugetlb.2MB.limit_in_bytes" ]; then
		holds hugetlb hugetlb.2MB.limit_in_bytes 4194304
	elif [ "$RUNTIME_KIND" = carte ]; then
		show "neither acted nor refused"
	fi
}

@test "what this host has no hierarchy for is refused, not dropped" {
	requires_carte "these messages"
	local case
	for case in '.network = {classID: 1048577}' '.network = {priorities: [{name: "lo", priority: 5}]}' '.rdma = {mlx5_1: {hcaHandles: 3}}'; do
		config ".linux.resources = {} | .linux.resources$case"
		[ ! -d /sys/fs/cgroup/net_cls ] && [ ! -d /sys/fs/cgroup/rdma ] || skip "the hierarchy is there"
		[[ $case != *rdma* ]] || ! on_v2 || continue # the controller is there
		try rt create -b "$BUNDLE" "$CID"
		refused linux.resources
	done
}

@test "unified on v1 is refused, or acts on the v2 side" {
	requires_carte "this rule"
	! on_v2 || skip "this host is a v2 one"
	config '.linux.resources.unified = {"memory.high": "1000000"}'
	try rt create -b "$BUNDLE" "$CID"
	[ "$status" -eq 0 ] || refused unified
}

# in_cgroup PATH - the container's init is there: in the memory hierarchy, or the only one. A trailing part when it starts with "..."
in_cgroup() {
	local got
	got=$(sed -n "$(on_v2 && echo 's/^0:://p' || echo 's/^[0-9]*:memory://p')" "/proc/$(pid_of)/cgroup")
	[ "$got" = "$1" ] || [[ $1 == ...* && $got == *"${1#...}" ]] || same "$got" "$1"
}
# own_cgroup - of whoever runs this, in the same hierarchy
own_cgroup() { sed -n "$(on_v2 && echo 's/^0:://p' || echo 's/^[0-9]*:memory://p')" /proc/self/cgroup; }

# ---- cgroupsPath ---------------------------------------------------------------------------------------------------
@test "cgroupsPath: absolute, in every hierarchy, same path" {
	requires_cgroupfs
	local line
	up_ct
	while IFS=: read -r _ _ line; do
		same "$line" "/$CID"
	done < <(grep -v '^0:' "/proc/$(pid_of)/cgroup")
	! on_v2 || in_cgroup "/$CID"
}

# stopped_beside PATH - a stopped container in the host's pid namespace, and CID-b that lives, by now, in cgroup PATH
stopped_beside() {
	requires_cgroupfs
	args true
	config 'del(.linux.namespaces[] | select(.type == "pid")) | .linux.cgroupsPath = "/" + $id | .linux.resources = {}' --arg id "$CID"
	up_ct
	await_status stopped
	config '.process.args = ["sleep", "1000"] | .linux.cgroupsPath = $path' --arg path "$1"
	try rt create -b "$BUNDLE" "$CID-b"
	good
	try rt start "$CID-b"
	good
	BESIDE=$(pid_of "$CID-b")
}

@test "cgroupsPath: a container that has stopped kills nobody in one that took its cgroup" {
	requires_carte "to look whose the processes are"
	stopped_beside "/$CID"
	try rt kill --all "$CID" KILL
	good
	try rt kill "$CID" KILL
	[ "$status" -ne 0 ]
	says "container not running"
	same "$(state_of .status "$CID-b")" running
	try rt delete "$CID"
	good
	[ ! -e "$ROOT/$CID" ]
	same "$(state_of .status "$CID-b") $(pid_of "$CID-b")" "running $BESIDE"
	grep -q ":/$CID\$" "/proc/$BESIDE/cgroup"
	# the last one takes the cgroup along
	try rt delete --force "$CID-b"
	good
	[ -z "$(find /sys/fs/cgroup -mindepth 1 -maxdepth 5 -type d -name "$CID")" ]
}

@test "cgroupsPath: a container that has stopped kills nobody in one below its cgroup" {
	requires_carte "to look whose the processes are"
	stopped_beside "/$CID/in"
	try rt delete --force "$CID"
	fails_as state
	says "delete '$CID': cgroup: that of container '$CID-b' is below this one's; delete it first"
	same "$(state_of .status "$CID-b") $(pid_of "$CID-b")" "running $BESIDE"
	rt delete --force "$CID-b"
	try rt delete "$CID"
	good
	[ -z "$(find /sys/fs/cgroup -mindepth 1 -maxdepth 5 -type d -name "$CID")" ]
}

@test "cgroupsPath: nested; folders above stay others'" {
	config '.linux.cgroupsPath = "/" + $id + "-outer/in/ner"' --arg id "$CID"
	up_ct
	in_cgroup "/$CID-outer/in/ner"
	rt delete --force "$CID"
	[ ! -e "/sys/fs/cgroup/memory/$CID-outer/in/ner" ] && [ ! -e "/sys/fs/cgroup/$CID-outer/in/ner" ]
	find /sys/fs/cgroup -mindepth 1 -depth -type d -path "*/$CID-outer*" -exec rmdir {} + 2>/dev/null || true
}

@test "cgroupsPath: relative, and absent" {
	config '.linux.cgroupsPath = $id + "-rel"' --arg id "$CID"
	up_ct
	local own
	own=$(own_cgroup)
	# a v2 folder with processes hands no controllers down, so there it is beside the runtime's own
	! on_v2 || [ "$own" = / ] || own=${own%/*}
	in_cgroup "${own%/}/$CID-rel"
	rt delete --force "$CID"
	config 'del(.linux.cgroupsPath)'
	up_ct
	in_cgroup ".../$CID"
}

@test "cgroupsPath: .. never leaves the hierarchy's root" {
	config '.linux.cgroupsPath = "/../../" + $id' --arg id "$CID"
	try rt create -b "$BUNDLE" "$CID"
	[ "$status" -ne 0 ] || in_cgroup "/$CID"
}

@test "hybrid: the container is also in the v2 hierarchy" {
	requires_carte "v2 membership on hybrid hosts"
	[ -e /sys/fs/cgroup/unified/cgroup.procs ] || skip "no v2 hierarchy"
	up_ct
	same "$(sed -n 's/^0:://p' "/proc/$(pid_of)/cgroup")" "/$CID"
	[ -e "$(cgroup_dir unified)/cgroup.kill" ]
}

@test "a cgroup with processes, or frozen, is refused" {
	requires_cgroupfs
	mkdir -p "$(cgroup_dir memory)" "$(cgroup_dir pids)"
	sleep 50 >/dev/null 2>&1 3>&- &
	local busy=$!
	AGENTS+=($busy)
	echo $busy >"$(cgroup_dir memory)/cgroup.procs"
	echo $busy >"$(cgroup_dir pids)/cgroup.procs"
	try rt create -b "$BUNDLE" "$CID"
	# runc 1.1 only warns
	local st=$status
	kill $busy
	wait $busy 2>/dev/null || true
	rt delete --force "$CID" 2>/dev/null || true
	rmdir "$(cgroup_dir memory)" "$(cgroup_dir pids)" 2>/dev/null || true
	[ "$RUNTIME_KIND" != carte ] || [ $st -ne 0 ] || show "accepted"
	if on_v2 && [ "$RUNTIME_KIND" = carte ]; then
		mkdir "$(cgroup_dir memory)"
		echo 1 >"$(cgroup_dir memory)/cgroup.freeze"
		try rt create -b "$BUNDLE" "$CID"
		rmdir "$(cgroup_dir memory)"
		refused "config.json: container's cgroup unexpectedly frozen: /sys/fs/cgroup/$CID"
	fi
}

@test "--cgroup-manager disabled: no cgroup of its own, all verbs work" {
	requires_cgroupfs
	requires_carte "--cgroup-manager"
	try rt --cgroup-manager disabled create -b "$BUNDLE" "$CID"
	good
	start_ct
	same "$(cat "/proc/$(pid_of)/cgroup")" "$(cat /proc/self/cgroup)"
	exec_ct @ echo in
	prints in
	try rt ps -f json "$CID"
	try rt kill "$CID" KILL
	good
	await_status stopped
	try rt delete "$CID"
	good
}

@test "--cgroup-manager: unknown" {
	requires_cgroupfs
	requires_carte "--cgroup-manager"
	try rt --cgroup-manager nosuch create -b "$BUNDLE" "$CID"
	refused nosuch
}

@test "a failed create leaves no cgroup" {
	config '.process.args = ["/nosuch"]'
	try rt create -b "$BUNDLE" "$CID"
	refused
	[ -z "$(find /sys/fs/cgroup -maxdepth 3 -name "$CID")" ]
}

# ---- update --------------------------------------------------------------------------------------------------------
@test "update: flags" {
	up_ct
	try rt update --memory 67108864 --memory-reservation 33554432 --memory-swap 67108864 --cpu-share 300 --cpu-quota 20000 --cpu-period 80000 --pids-limit 20 "$CID"
	good
	holds memory memory.limit_in_bytes 67108864
	holds memory memory.soft_limit_in_bytes 33554432
	holds cpu cpu.shares 300
	holds cpu cpu.cfs_quota_us 20000
	holds cpu cpu.cfs_period_us 80000
	holds pids pids.max 20
}

@test "update: one flag leaves the rest" {
	config '.linux.resources += {memory: {limit: 67108864}, cpu: {shares: 500}, pids: {limit: 30}}'
	up_ct
	try rt update --pids-limit 40 "$CID"
	good
	holds pids pids.max 40
	holds memory memory.limit_in_bytes 67108864
	holds cpu cpu.shares 500
}

@test "update: --cpuset-cpus, --cpuset-mems" {
	requires_cgroup cpuset
	up_ct
	try rt update --cpuset-cpus 0 --cpuset-mems 0 "$CID"
	good
	holds cpuset cpuset.cpus 0
}

@test "update: --cpu-burst, --cpu-idle, ignored kernel memory" {
	requires_carte "these flags"
	on_v2 || requires_file cpu/cpu.cfs_burst_us
	config '.linux.resources.cpu = {quota: 50000, period: 100000}'
	up_ct
	try rt update --cpu-burst 10000 --kernel-memory 1000000 --kernel-memory-tcp=5 "$CID"
	good
	holds cpu cpu.cfs_burst_us 10000
}

@test "update: from stdin and from a file" {
	up_ct
	echo '{"memory": {"limit": 50331648}, "cpu": {"shares": 700}, "pids": {"limit": 60}}' >"$D/r"
	IN=$D/r try rt update --resources=- "$CID"
	good
	holds memory memory.limit_in_bytes 50331648
	holds cpu cpu.shares 700
	holds pids pids.max 60
	echo '{"pids": {"limit": 61}}' >"$D/r"
	try rt update --resources "$D/r" "$CID"
	good
	holds pids pids.max 61
	holds memory memory.limit_in_bytes 50331648
	IN=$D/r try rt update -r - "$CID"
	good
}

@test "update: document that is broken, values that are refused" {
	config '.linux.resources.memory = {limit: 67108864}'
	up_ct
	echo '{"pids": {"limit": "x"}}' >"$D/r"
	try rt update --resources "$D/r" "$CID"
	fails_as document
	[ "$RUNTIME_KIND" != carte ] || says "pids.limit: expected integer, got string"
	try rt update --resources "$D/nosuch" "$CID"
	exits 1
	says nosuch
	try rt update --memory 1x "$CID"
	fails_as usage
	holds memory memory.limit_in_bytes 67108864
}

@test "update: raising swap and limit together, in whatever order the kernel needs" {
	on_v2 || requires_file memory/memory.memsw.limit_in_bytes
	config '.linux.resources.memory = {limit: 33554432, swap: 33554432}'
	up_ct
	try rt update --memory 67108864 --memory-swap 67108864 "$CID"
	good
	holds memory memory.limit_in_bytes 67108864
	try rt update --memory 33554432 --memory-swap 33554432 "$CID"
	good
	if on_v2; then
		holds memory memory.swap.max 0
	else
		holds memory memory.memsw.limit_in_bytes 33554432
	fi
}

@test "update: period and quota that only fit together" {
	config '.linux.resources.cpu = {quota: 100000, period: 100000}'
	up_ct
	try rt update --cpu-quota 1000000 --cpu-period 1000000 "$CID"
	good
	holds cpu cpu.cfs_quota_us 1000000
	try rt update --cpu-quota 1000 --cpu-period 1000 "$CID"
	good
	holds cpu cpu.cfs_period_us 1000
}

@test "update: device rules are kept" {
	requires_v1 devices
	up_ct
	local before
	before=$(cgroup_value devices devices.list)
	try rt update --pids-limit 50 "$CID"
	good
	same "$(cgroup_value devices devices.list)" "$before"
	exec_ct @ sh -c 'echo x >/dev/null && echo fine'
	prints fine
}

@test "update: created, paused, stopped, unknown containers" {
	create_ct
	try rt update --pids-limit 44 "$CID"
	good
	holds pids pids.max 44
	start_ct
	rt pause "$CID"
	try rt update --pids-limit 45 "$CID"
	good
	holds pids pids.max 45
	same "$(state_of .status)" paused
	rt resume "$CID"
	rt kill "$CID" KILL
	await_status stopped
	try rt update --pids-limit 46 "$CID"
	fails_as state
	try rt update --pids-limit 46 "$CID-nosuch"
	fails_as not-found
	says "container does not exist"
}

@test "devices: the cgroup's list is default plus what is asked" {
	requires_v1 devices
	config '.linux.resources.devices = [{allow: false, access: "rwm"}, {allow: true, type: "c", major: 1, minor: 11, access: "r"}, {allow: true, type: "b", major: 7, access: "rw"}]'
	up_ct
	local list
	list=$(cgroup_value devices devices.list)
	[[ $list == *"c 1:3 rwm"* && $list == *"c 1:11 r"* && $list == *"b 7:* rw"* && $list == *"c 136:* rwm"* && $list != *"a *:* rwm"* ]] || {
		echo "$list"
		return 1
	}
}

# ---- v2 alone ------------------------------------------------------------------------------------------------------
@test "v2: swap is what memory and swap together leave, and errors that say so" {
	requires_v2 memory
	requires_carte "these messages"
	config '.linux.resources.memory = {limit: 67108864, swap: 67108864}'
	up_ct
	holds memory memory.swap.max 0
	# alone it counts from the limit that is there
	try rt update --memory-swap 100663296 "$CID"
	good
	holds memory memory.swap.max 33554432
	holds memory memory.max 67108864
	try rt update --memory-swap 33554432 "$CID"
	exits 1
	says 'linux.resources.memory.swap: 33554432 is less than the memory limit (it counts memory and swap together); set memory.limit too'
	try rt update --memory-swap -1 "$CID"
	good
	holds memory memory.swap.max max
	rt delete --force "$CID"
	config '.linux.resources.memory = {swap: 134217728}'
	try rt create -b "$BUNDLE" "$CID"
	refused 'linux.resources.memory.swap: 134217728 is less than the memory limit'
	config '.linux.resources.memory = {limit: -1, reservation: -1}'
	up_ct
	holds memory memory.max max
	holds memory memory.swap.max max
	holds memory memory.low max
}

@test "v2: checkBeforeUpdate refuses a limit below what is used" {
	requires_v2 memory
	requires_carte "this rule"
	config '.linux.resources.memory = {limit: 67108864}'
	up_ct
	echo '{"memory": {"limit": 4096, "checkBeforeUpdate": true}}' >"$D/r"
	try rt update --resources "$D/r" "$CID"
	[ "$status" -ne 0 ]
	says 'linux.resources.memory.limit: unable to set limit to 4096 (current usage: '
	holds memory memory.max 67108864
}

@test "v2: weightDevice, in the scale of whichever file there is" {
	requires_v2 io
	requires_carte "weights without bfq"
	disk
	config '.linux.resources.blockIO = {weightDevice: [{major: $a, minor: $i, weight: 500}]}' --argjson a "$MAJOR" --argjson i "$MINOR"
	try rt create -b "$BUNDLE" "$CID"
	if [ -e "$(cgroup_dir io)/io.bfq.weight" ]; then
		good
		grep -q "^$MAJOR:$MINOR 500$" "$(cgroup_dir io)/io.bfq.weight"
	elif [ "$status" -eq 0 ]; then
		grep -q "^$MAJOR:$MINOR 4950$" "$(cgroup_dir io)/io.weight"
	else
		refused 'linux.resources.blockIO.weightDevice[0]'
	fi
	rt delete --force "$CID" 2>/dev/null || true
	config '.linux.resources.blockIO = {weightDevice: [{major: $a, minor: $i, leafWeight: 500}]}' --argjson a "$MAJOR" --argjson i "$MINOR"
	try rt create -b "$BUNDLE" "$CID"
	refused 'linux.resources.blockIO.weightDevice[0].leafWeight: cgroup v2 has no such setting'
}

@test "v2: hugepageLimits hold for what is reserved as well; a throttle of 0 is none" {
	requires_v2 hugetlb
	requires_carte "these limits"
	[ -d /sys/kernel/mm/hugepages/hugepages-2048kB ] || skip "no huge pages of 2MB"
	config '.linux.resources.hugepageLimits = [{pageSize: "2MB", limit: 4194304}]'
	up_ct
	holds hugetlb hugetlb.2MB.max 4194304
	holds hugetlb hugetlb.2MB.rsvd.max 4194304
	rt delete --force "$CID"
	requires_v2 io
	disk
	config '.linux.resources = {blockIO: {throttleReadBpsDevice: [{major: $a, minor: $i, rate: 1000000}], throttleWriteBpsDevice: [{major: $a, minor: $i, rate: 0}]}}' \
		--argjson a "$MAJOR" --argjson i "$MINOR"
	up_ct
	holds io io.max "$MAJOR:$MINOR rbps=1000000 wbps=max riops=max wiops=max"
}

@test "v2: quota and period share a file, and one alone leaves the other" {
	requires_v2 cpu
	requires_carte "updates of a single value"
	config '.linux.resources.cpu = {quota: 25000}'
	up_ct
	holds cpu cpu.max "25000 100000"
	try rt update --cpu-period 50000 "$CID"
	good
	holds cpu cpu.max "25000 50000"
	try rt update --cpu-quota 30000 "$CID"
	good
	holds cpu cpu.max "30000 50000"
	try rt update --cpu-quota=-1 "$CID"
	good
	holds cpu cpu.max "max 50000"
}

@test "v2: a failed update puts back what it had written" {
	requires_v2 memory
	requires_carte "going back"
	config '.linux.resources = {memory: {limit: 67108864}, pids: {limit: 30}, cpu: {shares: 512}}'
	up_ct
	echo '{"memory": {"limit": 33554432}, "pids": {"limit": 7}, "cpu": {"shares": 100, "cpus": "4000"}, "unified": {"memory.high": "1000000"}}' >"$D/r"
	try rt update --resources "$D/r" "$CID"
	exits 1
	says linux.resources.cpu.cpus
	echo '{"memory": {"limit": 33554432}, "pids": {"limit": 7}, "unified": {"memory.high": "1000000", "memory.low": "nonsense"}}' >"$D/r"
	try rt update --resources "$D/r" "$CID"
	exits 1
	says 'linux.resources.unified["memory.low"]'
	holds memory memory.max 67108864
	holds memory memory.high max
	holds pids pids.max 30
	holds cpu cpu.shares 512
}

@test "v2: unified, keys checked" {
	requires_cgroupfs
	requires_v2 memory
	requires_carte "these messages"
	config '.linux.resources.unified = {"memory.high": "49999872", "cpu.weight": "77", "pids.max": "9"}'
	up_ct
	holds memory memory.high 49999872
	holds cpu cpu.weight 77
	holds pids pids.max 9
	rt delete --force "$CID"
	local case
	for case in 'a/b=not a file name such as memory.high' '../x.y=not a file name such as memory.high' 'memory=not a file name such as memory.high' \
		'frob.max=this host has no frob cgroup controller' "memory.frob=this kernel has no memory.frob in /sys/fs/cgroup/$CID"; do
		config '.linux.resources.unified = {($k): "1"}' --arg k "${case%%=*}"
		try rt create -b "$BUNDLE" "$CID"
		refused "linux.resources.unified[\"${case%%=*}\"]: ${case#*=}"
	done
}

@test "v2: what only v1 has is refused by name" {
	requires_v2
	requires_carte "these messages"
	local case
	for case in 'memory.disableOOMKiller=true' 'memory.kernelTCP=1048576' 'memory.swappiness=10' 'cpu.realtimeRuntime=1000' \
		'blockIO.leafWeight=100' 'network.classID=5' 'network.priorities=[{"name": "lo", "priority": 1}]'; do
		config '.linux.resources = {} | setpath(["linux", "resources"] + ($k | split(".")); $v)' --arg k "${case%%=*}" --argjson v "${case#*=}"
		try rt create -b "$BUNDLE" "$CID"
		refused "config.json: linux.resources.${case%%=*}: cgroup v2 has no such setting"
	done
	config '.linux.resources = {memory: {useHierarchy: true}}'
	up_ct
}

@test "v2: controllers are switched on from the root down; processes in between give a message" {
	requires_v2 pids
	requires_carte "this message"
	config '.linux.cgroupsPath = "/" + $id + "-outer/in/ner" | .linux.resources.pids = {limit: 9}' --arg id "$CID"
	mkdir -p "/sys/fs/cgroup/$CID-outer/in"
	sleep 50 >/dev/null 2>&1 3>&- &
	local busy=$!
	AGENTS+=($busy)
	echo $busy >"/sys/fs/cgroup/$CID-outer/in/cgroup.procs"
	try rt create -b "$BUNDLE" "$CID"
	kill $busy
	wait $busy 2>/dev/null || true
	refused "config.json: linux.resources.pids.limit: cgroup /sys/fs/cgroup/$CID-outer/in has processes of its own, so the kernel switches no pids controller on for the cgroups below it; move them to a cgroup of their own or choose another linux.cgroupsPath"
	[ ! -e "/sys/fs/cgroup/$CID-outer/in/ner" ]
	create_ct
	same "$(cat "/sys/fs/cgroup/$CID-outer/in/ner/pids.max")" 9
	rt delete --force "$CID"
	rmdir "/sys/fs/cgroup/$CID-outer/in" "/sys/fs/cgroup/$CID-outer"
}

@test "v2: a threaded cgroup is no place for a container" {
	requires_v2
	requires_carte "this message"
	config '.linux.cgroupsPath = "/" + $id + "-outer/in" | .linux.resources = {}' --arg id "$CID"
	mkdir -p "/sys/fs/cgroup/$CID-outer"
	mkdir "/sys/fs/cgroup/$CID-outer/threads"
	echo threaded >"/sys/fs/cgroup/$CID-outer/threads/cgroup.type"
	try rt create -b "$BUNDLE" "$CID"
	rmdir "/sys/fs/cgroup/$CID-outer/threads"
	refused "cgroup /sys/fs/cgroup/$CID-outer/in is 'domain invalid', one of a group of threaded cgroups, in which a container cannot be; choose another linux.cgroupsPath"
	[ ! -e "/sys/fs/cgroup/$CID-outer/in" ]
	rmdir "/sys/fs/cgroup/$CID-outer"
}

@test "v2: an empty left-over is taken over, cgroups below it included" {
	requires_cgroupfs
	requires_v2
	requires_carte "this rule"
	mkdir -p "/sys/fs/cgroup/$CID/a/b"
	[ ! -e "/sys/fs/cgroup/$CID/pids.max" ] || echo +pids >"/sys/fs/cgroup/$CID/cgroup.subtree_control"
	up_ct
	in_cgroup "/$CID"
	rt delete --force "$CID"
	[ ! -e "/sys/fs/cgroup/$CID" ]
}

@test "v2: exec finds a container whose init has moved to a cgroup of its own" {
	requires_cgroupfs
	requires_v2 pids
	requires_carte "this rule"
	config '.mounts |= map(if .type == "cgroup" then .options -= ["ro"] else . end)'
	script 'mkdir /sys/fs/cgroup/init && echo 1 >/sys/fs/cgroup/init/cgroup.procs && echo +pids >/sys/fs/cgroup/cgroup.subtree_control && touch /tmp/ready; sleep 1000'
	config '.mounts += [{destination: "/tmp", type: "tmpfs", source: "tmpfs"}]'
	up_ct
	await 10 test -e "/proc/$(pid_of)/root/tmp/ready"
	in_cgroup "/$CID/init"
	exec_ct @ cat /proc/self/cgroup
	good
	prints 0::/init
	exec_ct --cgroup init @ cat /proc/self/cgroup
	prints 0::/init
	exec_ct --cgroup pids:init @ true
	[ "$status" -ne 0 ]
	says '--cgroup pids:init: cgroup v2 has one hierarchy, give the path alone'
	try rt pause "$CID"
	good
	same "$(state_of .status)" paused
	try rt resume "$CID"
	good
	try rt kill --all "$CID" KILL
	good
	await_status stopped
	try rt delete "$CID"
	good
	[ ! -e "/sys/fs/cgroup/$CID" ]
}

@test "v2: the container's cgroup belongs to its root when it may write there" {
	requires_v2 pids
	requires_carte "the owner"
	requires_root "has a test of his own"
	map_ids 100000 65536
	config '.mounts |= map(if .type == "cgroup" then .options -= ["ro"] else . end)'
	up_ct
	local file
	for file in . cgroup.procs cgroup.threads cgroup.subtree_control; do
		same "$(stat -c %u "$(cgroup_dir pids)/$file")" 100000
	done
	same "$(stat -c %u "$(cgroup_dir pids)/pids.max")" 0
	exec_ct @ sh -c 'mkdir /sys/fs/cgroup/sub && echo $$ >/sys/fs/cgroup/sub/cgroup.procs && cat /proc/self/cgroup; echo 1 >/sys/fs/cgroup/pids.max'
	has 0::/sub
	says 'ermission denied'
	rt delete --force "$CID"
	config '.mounts |= map(if .type == "cgroup" then .options += ["ro"] else . end)'
	up_ct
	same "$(stat -c %u "$(cgroup_dir pids)/cgroup.procs")" 0
}
