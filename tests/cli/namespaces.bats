#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# linux.namespaces, id mappings, time offsets, sysctl, hostname: new ones and joined ones.
load helpers

# own TYPE... - only these namespaces, new
namespaces() {
	config '.linux.namespaces = ($ARGS.positional | map({type: .})) | del(.hostname)' --args "$@"
}

test_setup() {
	NSPID=
	# without a network namespace sysfs cannot be mounted
	config '.mounts |= map(if .type == "sysfs" then {destination: "/sys", type: "bind", source: "/sys", options: ["rbind", "ro"]} else . end | select(.destination != "/sys/fs/cgroup"))
		| .linux.maskedPaths = [] | .linux.readonlyPaths = []'
}

test_teardown() { [ -z "$NSPID" ] || kill -9 "$NSPID" 2>/dev/null || true; }

# other UNSHARE-OPTION... - a process with namespaces of its own, its pid in NSPID
other() {
	unshare "$@" sleep 300 >/dev/null 2>&1 </dev/null 3>&- &
	NSPID=$!
	await 5 sh -c "[ \$(readlink /proc/$NSPID/ns/mnt) != \$(readlink /proc/self/ns/mnt) ] || [ \$(cat /proc/$NSPID/comm) = sleep ]"
}

links='for n in cgroup ipc mnt net pid time user uts; do echo $n $(readlink /proc/self/ns/$n); done'

@test "namespaces: those asked for are new, the others are the caller's" {
	local name
	namespaces pid mount ipc
	inside "$links"
	for name in ipc mnt pid; do has_not "$name $(readlink /proc/self/ns/$name)"; done
	for name in net uts $([ "$ROOTLESS" = 1 ] || echo user) cgroup; do has "$name $(readlink /proc/self/ns/$name)"; done
}

@test "namespaces: all at once" {
	local name
	namespaces pid mount ipc network uts user cgroup
	if [ "$ROOTLESS" = 1 ]; then
		config '.linux.uidMappings = [{containerID: 0, hostID: $u, size: 1}] | .linux.gidMappings = [{containerID: 0, hostID: $g, size: 1}]
			| .mounts |= map(if .type == "devpts" then .options -= ["gid=5"] else . end)' --argjson u "$(id -u)" --argjson g "$(id -g)"
	else
		config '.linux.uidMappings = [{containerID: 0, hostID: 0, size: 70000}] | .linux.gidMappings = .linux.uidMappings'
	fi
	inside "$links"
	for name in ipc mnt pid net uts user cgroup; do has_not "$name $(readlink /proc/self/ns/$name)"; done
}

@test "time namespace: offsets" {
	requires_carte "the time namespace"
	requires_probe
	[ -e /proc/self/ns/time ] || skip "no time namespaces here"
	namespaces pid mount time
	config '.linux.timeOffsets = {monotonic: {secs: 5000, nanosecs: 3}, boottime: {secs: 70000}}'
	inside 'cat /proc/self/timens_offsets | tr -s " "; probe clock'
	has "monotonic 5000 3"
	has "boottime 70000 0"
	local mono now
	mono=$(tail -n 1 "$D/out" | cut -d' ' -f1)
	now=$(cut -d. -f1 /proc/uptime)
	[ $((mono - now)) -ge 4990 ] && [ $((mono - now)) -le 5010 ]
}

@test "pid namespace: pid 1, without one the host's pids" {
	namespaces pid mount
	inside 'echo $$'
	prints 1
	namespaces mount
	inside '[ $$ -gt 1 ] && echo more'
	prints more
}

@test "hostname and domainname" {
	config '.hostname = "box-name"'
	inside hostname
	prints box-name
	requires_carte domainname
	config '.domainname = "example.org"'
	inside 'cat /proc/sys/kernel/domainname'
	prints example.org
}

@test "hostname without a uts namespace is refused" {
	namespaces pid mount
	config '.hostname = "never"'
	args true
	run_ct
	refused
	[[ ${err,,} == *uts* || ${err,,} == *hostname* ]] || show "names it"
	[ "$(hostname)" != never ]
}

@test "a new network namespace has lo up and nothing else" {
	inside 'ip -o link | wc -l; ip -o addr show lo | grep -c 127.0.0.1; ping -c 1 127.0.0.1 >/dev/null 2>&1; cat /sys/class/net/lo/operstate 2>/dev/null; ip link show lo | grep -c UP'
	has $'1\n1'
	matches '1$'
}

join() {
	other "$1"
	config '.linux.namespaces |= map(if .type == $t then .path = $p else . end) | del(.hostname)' --arg t "$2" --arg p "/proc/$NSPID/ns/$3"
	inside "readlink /proc/self/ns/$3"
	prints "$(readlink "/proc/$NSPID/ns/$3")"
}

@test "join by path: network" { requires_root "makes and joins no namespaces of the host"; join -n network net; }
@test "join by path: ipc" { requires_root "makes and joins no namespaces of the host"; join -i ipc ipc; }
@test "join by path: uts" { requires_root "makes and joins no namespaces of the host"; join -u uts uts; }

@test "join by path: uts with a hostname set in it" {
	requires_root "makes and joins no namespaces of the host"
	other -u
	config '.linux.namespaces |= map(if .type == "uts" then .path = $p else . end) | .hostname = "joined"' --arg p "/proc/$NSPID/ns/uts"
	inside hostname
	prints joined
}

@test "join by path: pid" {
	requires_root "makes and joins no namespaces of the host"
	unshare -pf --kill-child sleep 300 >/dev/null 2>&1 </dev/null 3>&- &
	NSPID=$!
	await 5 test -e "/proc/$NSPID/ns/pid_for_children"
	await 5 sh -c "[ \$(readlink /proc/$NSPID/ns/pid_for_children) != \$(readlink /proc/self/ns/pid) ]"
	config '.linux.namespaces |= map(if .type == "pid" then .path = $p else . end)' --arg p "/proc/$NSPID/ns/pid_for_children"
	inside 'readlink /proc/self/ns/pid; cat /proc/1/comm; [ $$ != 1 ] && echo other'
	prints "$(readlink "/proc/$NSPID/ns/pid_for_children")
sleep
other"
}

@test "join by path: cgroup" {
	requires_root "makes and joins no namespaces of the host"
	other -C
	namespace cgroup "/proc/$NSPID/ns/cgroup"
	inside 'readlink /proc/self/ns/cgroup'
	prints "$(readlink "/proc/$NSPID/ns/cgroup")"
}

@test "join by path: time" {
	requires_root "makes and joins no namespaces of the host"
	requires_carte "the time namespace"
	unshare -Tf --kill-child sleep 300 >/dev/null 2>&1 </dev/null 3>&- &
	NSPID=$!
	await 5 sh -c "[ \$(readlink /proc/$NSPID/ns/time_for_children) != \$(readlink /proc/self/ns/time) ]"
	config '.linux.namespaces += [{type: "time", path: $p}]' --arg p "/proc/$NSPID/ns/time_for_children"
	inside 'readlink /proc/self/ns/time'
	prints "$(readlink "/proc/$NSPID/ns/time_for_children")"
}

@test "join by path: user, with the others of its" {
	unshare -U --map-root-user -n sleep 300 >/dev/null 2>&1 </dev/null 3>&- &
	NSPID=$!
	await 5 grep -q 1 "/proc/$NSPID/uid_map"
	[ "$RUNTIME_KIND" != runc ] || skip "runc 1.1 wants mappings here"
	config '.linux.namespaces |= (map(if .type == "network" then .path = $p + "/net" else . end) + [{type: "user", path: ($p + "/user")}])
		| .mounts |= map(if .destination == "/dev/pts" then .options |= map(select(. != "gid=5")) else . end)' --arg p "/proc/$NSPID/ns"
	inside 'readlink /proc/self/ns/user; readlink /proc/self/ns/net'
	prints "$(readlink "/proc/$NSPID/ns/user")
$(readlink "/proc/$NSPID/ns/net")"
}

@test "join by path: missing file, wrong type, twice the same" {
	args true
	config '.linux.namespaces |= map(if .type == "network" then .path = "/nosuch/ns" else . end)'
	run_ct
	refused "/nosuch/ns"
	config '.linux.namespaces |= map(if .type == "network" then .path = "/proc/self/ns/ipc" else . end)'
	run_ct
	refused
	config '.linux.namespaces += [{type: "ipc"}] | .linux.namespaces |= map(del(.path))'
	run_ct
	refused
	[[ $err == *ipc* ]] || show "names it"
}

@test "unknown namespace type" {
	config '.linux.namespaces += [{type: "nosuch"}]'
	run_ct
	refused nosuch
}

# ---- user namespaces -----------------------------------------------------------------------------------------------
mapped() {
	requires_ids
	config '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: $a, size: 2000}, {containerID: 5000, hostID: $b, size: 10}]
		| .linux.gidMappings = [{containerID: 0, hostID: $g, size: 2000}]
		| .mounts |= map(if .destination == "/dev/pts" then .options |= map(select(. != "gid=5")) else . end)' --argjson a $UID_A --argjson b $UID_B --argjson g $GID_A
	open_up
}

@test "user namespace: mappings, as they are written" {
	mapped
	inside 'tr -s " " </proc/self/uid_map; tr -s " " </proc/self/gid_map; id -u; id -g'
	prints " 0 $UID_A 2000
 5000 $UID_B 10
 0 $GID_A 2000
0
0"
}

@test "user namespace: the host sees the mapped ids, files too" {
	requires_root "gives files to nobody else"
	mapped
	writable
	chown 100000:200000 "$BUNDLE/rootfs/tmp"
	script 'touch /tmp/file; sleep 1000'
	config '.process.user = {uid: 7, gid: 8} | .process.args[2] = "touch /tmp/file; sleep 1000"'
	chmod 1777 "$BUNDLE/rootfs/tmp"
	up_ct
	await 5 test -e "$BUNDLE/rootfs/tmp/file"
	same "$(stat -c %u:%g "$BUNDLE/rootfs/tmp/file")" 100007:200008
	same "$(stat -c %u:%g "/proc/$(pid_of)")" 100007:200008
}

@test "user namespace: devices are usable" {
	mapped
	inside 'echo x >/dev/null && head -c 4 /dev/zero | wc -c && head -c 3 /dev/urandom | wc -c && [ -c /dev/tty ] && [ -c /dev/full ] && echo all'
	prints $'4\n3\nall'
}

@test "user namespace: no capability outside" {
	mapped
	inside 'cat /proc/sys/kernel/hostname >/dev/null; echo 1 >/proc/sys/vm/drop_caches && echo dangerous; echo done'
	has done
	has_not dangerous
}

@test "user namespace joined by path: mappings beside it must be its own; idmap takes them from there" {
	requires_root "maps no ids but by newuidmap"
	requires_carte "this rule"
	other -U
	await 5 sh -c "[ \$(readlink /proc/$NSPID/ns/user) != \$(readlink /proc/self/ns/user) ]"
	echo "0 100000 65536" >"/proc/$NSPID/uid_map"
	echo "0 100000 65536" >"/proc/$NSPID/gid_map"
	open_up
	mkdir -p "$D/src/sub" "$BUNDLE/rootfs/mnt"
	chown 7:8 "$D/src/sub"
	config '.linux.namespaces += [{type: "user", path: $p}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings
		| .mounts += [{destination: "/mnt", type: "bind", source: $s, options: ["bind", "idmap"]}]' --arg p "/proc/$NSPID/ns/user" --arg s "$D/src"
	inside 'stat -c "%u %g" /mnt/sub'
	prints "7 8"
	config '.linux.uidMappings[0].hostID = 200000'
	run_ct
	refused 'linux.uidMappings: is not the mapping that the joined user namespace has'
}

@test "user namespace: ids without mapping are refused" {
	mapped
	config '.process.user.uid = 4000'
	args true
	run_ct
	[ "$status" -ne 0 ]
	[ ! -e "$ROOT/$CID" ]
}

@test "user namespace: no mappings, overlapping ones, empty ones" {
	args true
	config '.linux.namespaces += [{type: "user"}]'
	run_ct
	refused
	[[ ${err,,} == *mapping* ]] || show "names the mappings"
	requires_carte "these checks"
	config '.linux.uidMappings = [{containerID: 0, hostID: 1, size: 10}, {containerID: 5, hostID: 100, size: 10}] | .linux.gidMappings = [{containerID: 0, hostID: 1, size: 10}]'
	run_ct
	refused linux.uidMappings
	config '.linux.uidMappings = [{containerID: 0, hostID: 1, size: 0}]'
	run_ct
	refused linux.uidMappings
}

@test "mappings without a user namespace are refused" {
	requires_carte "this check"
	args true
	config '.linux.uidMappings = [{containerID: 0, hostID: 1, size: 10}]'
	run_ct
	refused
}

@test "user namespace: with a terminal" {
	requires_python
	mapped
	config '.process.terminal = true'
	script 'tty; stat -c %u:%a $(tty); echo x >/dev/console && echo ok'
	try "$TESTS/lib/pty-run" -- "$RUNTIME" --root "$ROOT" run -b "$BUNDLE" "$CID"
	good
	has /dev/pts/0
	has 0:620
	has ok
}

@test "additional groups in a user namespace" {
	mapped
	config '.process.user.additionalGids = [5, 6]'
	inside 'grep Groups: /proc/self/status'
	prints $'Groups:\t5 6 '
}

# ---- sysctl --------------------------------------------------------------------------------------------------------
@test "sysctl: ipc, network, both separators" {
	config '.linux.sysctl = {"kernel.msgmax": "7777", "net.ipv4.ip_forward": "1", "net/ipv4/ip_default_ttl": "33", "fs.mqueue.msg_max": "9"}'
	inside 'cat /proc/sys/kernel/msgmax /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/ip_default_ttl /proc/sys/fs/mqueue/msg_max'
	prints $'7777\n1\n33\n9'
}

@test "sysctl: what is not namespaced is refused, untouched on the host" {
	local key before
	before=$(cat /proc/sys/vm/swappiness)
	args true
	for key in vm.swappiness kernel.panic net../../vm.swappiness net.ipv4/../../vm/swappiness fs.file-max; do
		config '.linux.sysctl = {($k): "7"}' --arg k "$key"
		run_ct
		refused
	done
	same "$(cat /proc/sys/vm/swappiness)" "$before"
}

@test "sysctl: of a namespace that is not the container's own is refused" {
	args true
	config '.linux.namespaces |= map(select(.type != "network")) | .linux.sysctl = {"net.ipv4.ip_forward": "1"}'
	run_ct
	refused net.ipv4.ip_forward
	config '.linux.namespaces |= map(select(.type != "ipc")) | .linux.sysctl = {"kernel.msgmax": "1000"}'
	run_ct
	refused kernel.msgmax
}

@test "sysctl: kernel.hostname conflicts, kernel.domainname does not" {
	args true
	config '.linux.sysctl = {"kernel.hostname": "x"}'
	run_ct
	refused hostname
	requires_carte kernel.domainname
	config '.linux.sysctl = {"kernel.domainname": "by.sysctl"}'
	inside 'cat /proc/sys/kernel/domainname'
	prints by.sysctl
}

# ---- network devices ---------------------------------------------------------------------------------------------
@test "netDevices: moved, renamed, with addresses, up" {
	requires_carte netDevices
	requires_program ip
	local a="cv$((RANDOM))a" b
	b=${a%a}b
	ip link add "$a" type veth peer name "$b" || skip "cannot make veth devices"
	ip addr add 192.0.2.77/24 dev "$a"
	ip -6 addr add 2001:db8::77/64 dev "$a" nodad 2>/dev/null || true
	config '.linux.netDevices = {($d): {name: "eth7"}}' --arg d "$a"
	script 'ip -o addr show eth7; ip link show eth7'
	run_ct
	ip link del "$b" 2>/dev/null || true
	good
	has 192.0.2.77/24
	matches 'eth7.*UP'
}

@test "netDevices: missing device, taken name" {
	requires_root "moves no network devices"
	requires_carte netDevices
	args true
	config '.linux.netDevices = {"nosuchdev0": {}}'
	run_ct
	refused nosuchdev0
	config '.linux.netDevices = {"lo": {name: "a/b"}}'
	run_ct
	refused netDevices
}
