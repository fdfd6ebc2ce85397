#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Every known hole of OCI runtimes, tried on this one. The root folder and its processes are hostile, config.json is not.
load helpers

test_setup() {
	HOST=$D/host
	mkdir -p "$HOST"
	echo secret >"$D/secret"
	HASH=$(sha256sum <"$RUNTIME")
}
test_teardown() {
	# whatever was tried, the program of the host is the same
	[ "$(sha256sum <"$RUNTIME")" = "$HASH" ] || {
		echo "THE RUNTIME WAS OVERWRITTEN"
		return 1
	}
}
host_untouched() {
	[ -z "$(ls -A "$HOST")" ] || {
		echo "the host's folder was written: $(ls -lA "$HOST")"
		return 1
	}
	not grep -F "$HOST" /proc/self/mountinfo
}
attempt() {
	try rt run -b "$BUNDLE" "$CID"
	[ ! -e "$ROOT/$CID" ] || show "a container was left"
}

@test "CVE-2016-3697: a user named 1000 in the image is not uid 1000" {
	requires_ids
	echo '1000:x:0:0:root:/root:/bin/sh' >"$D/passwd"
	rm "$BUNDLE/rootfs/etc/passwd"
	cp "$D/passwd" "$BUNDLE/rootfs/etc/passwd"
	config '.process.user.uid = 1000'
	inside 'awk "/^Uid/ { print \$2 }" /proc/self/status'
	prints 1000
	idle
	exec_ct -u 1000 @ awk '/^Uid/ { print $2 }' /proc/self/status
	prints 1000
}

@test "CVE-2016-8867: capabilities of the caller do not become ambient or inheritable" {
	requires_root "has no capabilities to hand on"
	requires_program setpriv
	config '.process.user.uid = 1000 | .process.capabilities.ambient = [] | .process.capabilities.inheritable = []'
	args grep ^Cap /proc/self/status
	try setpriv --inh-caps +chown,+net_raw --ambient-caps +chown,+net_raw "$RUNTIME" --root "$ROOT" run -b "$BUNDLE" "$CID"
	good
	has $'CapInh:\t0000000000000000'
	has $'CapAmb:\t0000000000000000'
	has $'CapEff:\t0000000000000000'
	args sleep 1000
	up_ct
	try setpriv --inh-caps +chown,+net_raw --ambient-caps +chown,+net_raw "$RUNTIME" --root "$ROOT" exec -u 1000 "$CID" grep ^Cap /proc/self/status
	has $'CapInh:\t0000000000000000'
	has $'CapAmb:\t0000000000000000'
	has $'CapEff:\t0000000000000000'
}

@test "CVE-2016-9962: a process that joins cannot be looked into" {
	requires_probe
	config '.process.capabilities.bounding -= ["CAP_SYS_PTRACE"]'
	args probe snoop 3
	rt run -b "$BUNDLE" "$CID" >"$D/snoop" 2>&1 </dev/null &
	local job=$! i
	await 5 grep -q snooping "$D/snoop"
	for i in $(seq 15); do rt exec "$CID" true </dev/null >/dev/null 2>&1 || true; done
	wait $job || true
	tail -n 1 "$D/snoop"
	grep -q "nothing seen" "$D/snoop"
}

# Being undumpable is no help against CAP_SYS_PTRACE: what joins must have left the host's folders before it is seen.
@test "CVE-2016-9962: a process that joins shows no folder of the host, not even with CAP_SYS_PTRACE" {
	requires_probe
	: >"$HOST/found"
	config '.process.capabilities |= map_values(. + ["CAP_SYS_PTRACE", "CAP_DAC_OVERRIDE"]) | .process.capabilities.ambient = []'
	args probe visit 3 "$HOST/found"
	rt run -b "$BUNDLE" "$CID" >"$D/visit" 2>&1 </dev/null &
	local job=$! i
	await 5 grep -q visiting "$D/visit"
	for i in $(seq 15); do rt exec "$CID" true </dev/null >/dev/null 2>&1 || true; done
	wait $job || true
	tail -n 1 "$D/visit"
	grep -q "nothing found" "$D/visit"
	rm "$HOST/found"
}

@test "CVE-2019-5736: the runtime is not overwritten through /proc/PID/exe of an exec" {
	requires_probe
	config '.process.capabilities |= map_values(. + ["CAP_SYS_PTRACE", "CAP_DAC_OVERRIDE"]) | .process.capabilities.ambient = []'
	args probe hunt 3
	rt run -b "$BUNDLE" "$CID" >"$D/hunt" 2>&1 </dev/null &
	local job=$! i
	await 5 grep -q hunting "$D/hunt"
	for i in $(seq 15); do rt exec "$CID" /proc/self/exe --version </dev/null >/dev/null 2>&1 || true; done
	wait $job || true
	tail -n 1 "$D/hunt"
	grep -q safe "$D/hunt"
}

@test "CVE-2019-5736: entry points that are /proc/self/exe" {
	writable
	printf '#!/proc/self/exe\n' >"$BUNDLE/rootfs/evil"
	chmod 755 "$BUNDLE/rootfs/evil"
	ln -s /proc/self/exe "$BUNDLE/rootfs/link"
	local target
	for target in /evil /link /proc/self/exe; do
		args $target --version
		attempt
	done
	idle
	for target in /evil /link /proc/self/exe; do exec_ct @ $target --version; done
	same "$(sha256sum <"$RUNTIME")" "$HASH"
}

@test "CVE-2019-5736: libraries of the image do not get at the runtime" {
	requires_probe
	# should the runtime be executed inside, this would be its dynamic linker
	mkdir -p "$BUNDLE/rootfs/lib64"
	printf '#include <fcntl.h>\n#include <unistd.h>\nint main(void) { int fd = open("/proc/self/exe", O_RDONLY); char p[] = "/proc/self/fd/0"; p[14] = 48 + fd; execl("/bin/sh", "sh", "-c", "exec 2>&1; printf \\\\177 1<>/proc/self/fd/3 && echo overwritten", (char *)0); return 9; }\n' >"$D/ld.c"
	"${CC:-cc}" -static-pie -o "$BUNDLE/rootfs/lib64/ld-linux-x86-64.so.2" "$D/ld.c" 2>/dev/null || skip "no static pie"
	args /proc/self/exe
	attempt
	has_not overwritten
	idle
	exec_ct @ /proc/self/exe
	has_not overwritten
}

@test "CVE-2019-16884, -19921: /proc is a symlink" {
	local to
	for to in /tmp ../../../../../../../..$HOST "$HOST" tmp; do
		rm -rf "$BUNDLE/rootfs/proc"
		ln -s "$to" "$BUNDLE/rootfs/proc"
		args true
		attempt
		[ "$status" -ne 0 ] || show "accepted /proc -> $to"
		host_untouched
	done
}

@test "CVE-2023-27561: /sys is a symlink, or a folder above" {
	rmdir "$BUNDLE/rootfs/sys"
	ln -s "/tmp" "$BUNDLE/rootfs/sys"
	args true
	attempt
	[ "$status" -ne 0 ] || show "accepted"
	host_untouched
}

@test "CVE-2019-16884: a volume over /proc, or below it" {
	requires_carte "some of these checks"
	args true
	cp "$BUNDLE/config.json" "$D/plain.json"
	local to
	for to in /proc /proc/self /proc/self/attr /proc/sys /proc/1 /proc/sys/kernel; do
		config '.mounts += [{destination: $t, type: "bind", source: $h, options: ["bind"]}]' --arg t "$to" --arg h "$HOST"
		attempt
		[ "$status" -ne 0 ] || show "accepted a bind on $to"
		host_untouched
		cp "$D/plain.json" "$BUNDLE/config.json"
		config '.mounts += [{destination: $t, type: "tmpfs", source: "x"}]' --arg t "$to"
		attempt
		[ "$status" -ne 0 ] || show "accepted a tmpfs on $to"
		cp "$D/plain.json" "$BUNDLE/config.json"
	done
}

@test "what lxcfs and kata need may be bound below /proc" {
	echo 12345.0 1.0 >"$D/uptime"
	config '.mounts += [{destination: "/proc/uptime", type: "bind", source: $h, options: ["bind", "ro"]}]' --arg h "$D/uptime"
	inside 'cat /proc/uptime'
	prints "12345.0 1.0"
}

@test "CVE-2019-18837, 2021-30465: mount targets that are symlinks out of the root" {
	local to type
	writable
	for to in "$HOST" "../../../../../../../../../..$HOST" "/proc/1/root$HOST" "/proc/self/root/../../$HOST"; do
		for type in tmpfs bind; do
			rm -rf "$BUNDLE/rootfs/evil"
			ln -s "$to" "$BUNDLE/rootfs/evil"
			args sh -c 'touch /evil/inside; mkdir -p /evil/x/y'
			config '.mounts = (.mounts | map(select(.destination != "/evil"))) + [{destination: "/evil", type: $t, source: "/usr/share", options: (if $t == "bind" then ["bind", "ro"] else [] end)}]' --arg t $type
			attempt
			host_untouched
			config '.mounts[-1].destination = "/evil/deeper/made"'
			attempt
			host_untouched
			config '.mounts |= map(select(.destination | startswith("/evil") | not))'
		done
	done
}

@test "CVE-2021-30465: a mount target that is swapped for a symlink all the time" {
	requires_carte "the fix of CVE-2024-45310"
	requires_probe
	writable
	mkdir -p "$BUNDLE/rootfs/vol/a"
	ln -s "../../../../../../../../../../..$HOST" "$BUNDLE/rootfs/vol/b"
	config '.mounts += [{destination: "/vol/a", type: "tmpfs", source: "x"}, {destination: "/vol/a/in/ner", type: "tmpfs", source: "x"}]'
	args true
	"$MASTER/rootfs/bin/probe" swap "$BUNDLE/rootfs/vol/a" "$BUNDLE/rootfs/vol/b" 60 3>&- &
	AGENTS+=($!)
	local i
	for i in $(seq 25); do
		try rt run -b "$BUNDLE" "$CID"
		host_untouched
	done
}

@test "CVE-2024-45310, 2025-24965: no empty files or folders on the host" {
	writable
	args true
	# dangling links at every place where a runtime makes a mount point
	ln -s "$HOST/made-file" "$BUNDLE/rootfs/etc/hosts"
	ln -s "$HOST" "$BUNDLE/rootfs/opt"
	echo x >"$D/f"
	config '.mounts += [{destination: "/etc/hosts", type: "bind", source: $f, options: ["bind"]}, {destination: "/opt/sub/file", type: "bind", source: $f, options: ["bind"]}, {destination: "/opt/dir", type: "tmpfs", source: "x"}]' --arg f "$D/f"
	attempt
	host_untouched
	config '.process.cwd = "/opt/cwd/made" | .mounts |= map(select(.destination | startswith("/opt") or startswith("/etc/hosts") | not))'
	attempt
	host_untouched
}

@test "CVE-2021-43784: very many mappings, very long names" {
	args true
	config '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [range(5000) | {containerID: ., hostID: (. + 100000), size: 1}] | .linux.gidMappings = .linux.uidMappings'
	attempt
	[ "$status" -ne 0 ]
	config '.linux.namespaces |= map(select(.type != "user")) | del(.linux.uidMappings) | del(.linux.gidMappings) | .linux.namespaces |= map(if .type == "network" then .path = ("/proc/" + ("x" * 70000)) else . end)'
	attempt
	[ "$status" -ne 0 ] && [ "$status" -lt 128 ]
}

@test "CVE-2022-0811: one sysctl is one file" {
	local before
	before=$(cat /proc/sys/kernel/core_pattern)
	args true
	config '.linux.sysctl = {"kernel.shm_rmid_forced": "1+kernel.core_pattern=|/evil"}'
	attempt
	same "$(cat /proc/sys/kernel/core_pattern)" "$before"
	config '.linux.sysctl = {"kernel.shm_rmid_forced+kernel.core_pattern": "x"}'
	attempt
	[ "$status" -ne 0 ]
	config '.linux.sysctl = {"net.ipv4/../../kernel/core_pattern": "|/evil"}'
	attempt
	[ "$status" -ne 0 ]
	config '.linux.sysctl = {"net.ipv4.ip_forward\n": "1"}'
	attempt
	[ "$status" -ne 0 ]
	same "$(cat /proc/sys/kernel/core_pattern)" "$before"
}

@test "CVE-2022-24769, -29162, -27650, 2025-27612: nothing inheritable unless asked" {
	mkdir "$D/s"
	"$RUNTIME" spec -b "$D/s"
	[ "$RUNTIME_KIND" != carte ] || jq -e '(.process.capabilities.inheritable // []) == [] and (.process.capabilities.ambient // []) == []' "$D/s/config.json"
	config '.process.capabilities.ambient = [] | .process.capabilities.inheritable = []'
	inside 'grep -E "CapInh|CapAmb" /proc/self/status'
	prints $'CapInh:\t0000000000000000\nCapAmb:\t0000000000000000'
	idle
	exec_ct --cap CAP_NET_RAW @ grep -E "CapInh|CapAmb" /proc/self/status
	prints $'CapInh:\t0000000000000000\nCapAmb:\t0000000000000000'
}

@test "CVE-2023-25809: the host's cgroups are not writable from a user namespace" {
	requires_carte "the fix"
	open_up
	"$RUNTIME" spec --rootless -b "$D"
	jq --arg r "$BUNDLE/rootfs" --arg id "$CID" --arg root "$ROOTLESS" '.process.terminal = false | .root.path = $r | .process.args = ["sh", "-c", $s]
		| if $root == "0" then .linux.uidMappings = [{containerID: 0, hostID: 0, size: 1000}] | .linux.gidMappings = .linux.uidMappings else . end | .process.env += ["CARTE_TEST=" + $id]' \
		--arg s "for d in /sys/fs/cgroup /sys/fs/cgroup/*; do mkdir \$d/$CID-escape 2>/dev/null && echo escaped \$d; done; true" "$D/config.json" >"$BUNDLE/config.json"
	attempt
	local left
	# folders of others come and go meanwhile
	left=$(find /sys/fs/cgroup -name "$CID-escape" -print -exec rmdir {} \; 2>/dev/null) || true
	same "$left" ""
	# its /sys is read-only with all below, or not at all
	if [[ ${CARTE_TEST_DENIED:-} == *mount_setattr* ]]; then
		refused "recursive mount options need Linux 5.12"
	else
		good
		prints ""
	fi
}

@test "CVE-2024-21626: cwd is no descriptor of the host" {
	local n
	for n in 3 4 5 6 7 8 9 10 11 12; do
		config '.process.cwd = "/proc/self/fd/" + $n' --arg n $n
		args sh -c "ls ../../../../../../../../../../../../..$D; cat ../../../../../../../../../../../..$D/secret"
		attempt
		has_not secret
	done
	config '.process.cwd = "/proc/self/cwd"'
	attempt
	has_not secret
	writable
	config '.process.cwd = "/"'
	idle
	for n in 3 4 5 6 7 8 9 10 11 12; do
		exec_ct --cwd /proc/self/fd/$n @ sh -c "cat ../../../../../../../../../../../..$D/secret; ls"
		has_not secret
		rm -f "$BUNDLE/rootfs/l"
		ln -s /proc/self/fd/$n "$BUNDLE/rootfs/l"
		exec_ct --cwd /l @ sh -c "cat ../../../../../../../../../../../..$D/secret"
		has_not secret
	done
}

@test "CVE-2024-21626: no descriptor but stdio, in create, run and exec, whatever the caller leaks" {
	requires_probe
	args probe fds
	try bash -c 'exec 5</ 9</sys/fs/cgroup 23</etc/passwd 200</; exec "$@"' bash "$RUNTIME" --root "$ROOT" run -b "$BUNDLE" "$CID"
	good
	same "$(cut -d' ' -f1 "$D/out" | sort -n | tr '\n' ' ')" "0 1 2 "
	script 'probe fds >/tmp/fds; sleep 1000'
	config '.mounts += [{destination: "/tmp", type: "tmpfs", source: "tmpfs"}]'
	try bash -c 'exec 5</ 9</sys/fs/cgroup 23</etc/passwd 200</; exec "$@"' bash "$RUNTIME" --root "$ROOT" create -b "$BUNDLE" "$CID"
	good
	start_ct
	await 5 rt exec "$CID" test -s /tmp/fds
	exec_ct @ sh -c 'cut -d" " -f1 /tmp/fds | sort -n | tr "\n" " "'
	prints "0 1 2 "
	try bash -c 'exec 5</ 9</sys/fs/cgroup 23</etc/passwd 200</; exec "$@"' bash "$RUNTIME" --root "$ROOT" exec "$CID" probe fds
	same "$(cut -d' ' -f1 "$D/out" | sort -n | tr '\n' ' ')" "0 1 2 "
}

# What stands before its start holds nothing of the host, for those that are sent into the container meanwhile:
# whatever its descriptors are, they lead to no file of the host that could be changed, and to no folder of it.
@test "CVE-2024-21626, 2016-9962: a created container's process, seen by an exec" {
	requires_root "enters a container once it runs"
	requires_carte "a process that lets go of the host before its start"
	echo "$HASH" >"$D/mark"
	config '.process.capabilities |= map_values(. + ["CAP_SYS_PTRACE", "CAP_DAC_OVERRIDE"]) | .process.capabilities.ambient = []'
	args sleep 1000
	try bash -c 'exec 9</sys/fs/cgroup 23<>"$0"; exec "$@"' "$D/mark" "$RUNTIME" --root "$ROOT" create -b "$BUNDLE" "$CID"
	good
	# with CAP_SYS_PTRACE it may look; without, not even that
	exec_ct @ sh -c 'cd /proc/1/fd && for fd in *; do
		[ "$fd" -gt 2 ] || continue
		name=$(readlink $fd)
		case $name in socket:* | */init.lock) ;; *) echo "$fd is $name" ;; esac
		for up in .. ../.. ../../.. ../../../.. ../../../../..; do [ ! -e "$fd/$up/etc" ] || echo "$fd/$up is a root"; done
	done; echo done'
	prints done
	start_ct
	rt delete --force "$CID"
	config '.process.capabilities[] -= ["CAP_SYS_PTRACE"]'
	create_ct
	exec_ct @ sh -c 'readlink /proc/1/fd/* /proc/1/exe /proc/1/cwd /proc/1/root; echo done'
	prints done
	same "$(state_of .status)" created
}

# an image with a /dev of its own, nothing mounted on it
own_dev() { config '.mounts |= map(select(.destination | startswith("/dev") | not))'; }

@test "CVE-2025-31133, -62161: /dev/null of the image is not what masks" {
	requires_carte "the fix"
	own_dev
	writable
	echo bait >"$BUNDLE/rootfs/bait"
	echo hidden >"$BUNDLE/rootfs/hidden"
	config '.linux.maskedPaths += ["/hidden"]'
	local to
	for to in /bait /proc/sys/kernel/hostname "../../../../../../../..$D/secret" /proc/sysrq-trigger; do
		rm -rf "$BUNDLE/rootfs/dev"
		mkdir "$BUNDLE/rootfs/dev"
		ln -s "$to" "$BUNDLE/rootfs/dev/null"
		args sh -c 'cat /hidden; stat -c %t:%T /hidden'
		attempt
		has_not bait
		has_not secret
		has_not hidden
		[ "$status" -ne 0 ] || prints 1:3
	done
	same "$(cat "$D/secret")" secret
}

@test "CVE-2025-52565: /dev/console and /dev/pts of the image" {
	requires_python
	own_dev
	writable
	local to
	config '.process.terminal = true'
	args sh -c 'tty; echo x; sleep 0.1'
	for to in "../../../../../../../..$HOST/f" "$HOST/f" /proc/sysrq-trigger /proc/sys/kernel/hostname; do
		rm -rf "$BUNDLE/rootfs/dev"
		mkdir -p "$BUNDLE/rootfs/dev/pts"
		ln -s "$to" "$BUNDLE/rootfs/dev/console"
		ln -s "$to" "$BUNDLE/rootfs/dev/ptmx"
		ln -s "$to" "$BUNDLE/rootfs/dev/pts/ptmx"
		ln -s "$to" "$BUNDLE/rootfs/dev/pts/0"
		try "$TESTS/lib/pty-run" --timeout 10 -- "$RUNTIME" --root "$ROOT" run -b "$BUNDLE" "$CID"
		host_untouched
		rt delete --force "$CID" 2>/dev/null || true
	done
	[ "$(hostname)" != x ]
}

@test "CVE-2025-52881, -62596: sysctl and attribute writes reach procfs and nothing else" {
	args true
	# a file of the image where /proc/sys should be
	config '.mounts = [{destination: "/proc", type: "tmpfs", source: "x"}] + .mounts | .linux.sysctl = {"kernel.msgmax": "5555"}'
	attempt
	if [ "$status" -eq 0 ]; then
		inside 'cat /proc/sys/kernel/msgmax'
		prints 5555
	fi
	config '.mounts |= map(select(.destination != "/proc"))'
	mkdir -p "$BUNDLE/rootfs/proc/sys/kernel" "$BUNDLE/rootfs/proc/self"
	echo bait >"$BUNDLE/rootfs/proc/sys/kernel/msgmax"
	config '.process.oomScoreAdj = 77 | .linux.maskedPaths = [] | .linux.readonlyPaths = []'
	echo bait >"$BUNDLE/rootfs/proc/self/oom_score_adj"
	attempt
	same "$(cat "$BUNDLE/rootfs/proc/sys/kernel/msgmax")" bait
	same "$(cat "$BUNDLE/rootfs/proc/self/oom_score_adj")" bait
}

@test "CVE-2025-54867: /proc/sys of the image is a symlink, while a sysctl is set" {
	config '.linux.sysctl = {"kernel.msgmax": "5555"} | .mounts |= map(select(.destination != "/proc")) | .linux.maskedPaths = [] | .linux.readonlyPaths = []'
	ln -s "$HOST" "$BUNDLE/rootfs/proc/sys"
	mkdir -p "$HOST/kernel"
	echo bait >"$HOST/kernel/msgmax"
	args true
	attempt
	same "$(cat "$HOST/kernel/msgmax")" bait
}

@test "CVE-2026-30892: exec -u 1junk is not somebody" {
	local user
	idle
	for user in 1junk 0x 1,2 1: '1 ' +1 1:0x; do
		exec_ct -u "$user" @ id -u
		[ "$status" -ne 0 ] || { [ "$RUNTIME_KIND" != carte ] && [ "$user" = +1 ]; } || show "accepted $user"
	done
}

@test "CVE-2026-41579, -47766: /dev of the image is a symlink" {
	requires_carte "the fix"
	local to with
	writable
	for with in mounted bare; do
		for to in "$HOST" "../../../../../../../..$HOST" /proc /etc; do
			rm -rf "$BUNDLE/rootfs/dev"
			ln -s "$to" "$BUNDLE/rootfs/dev"
			args true
			attempt
			host_untouched
			[ ! -e "$BUNDLE/rootfs/etc/ptmx" ] || [ "$to" = /etc ]
		done
		own_dev
	done
}

@test "device nodes and links are not made through symlinks of the image" {
	writable
	own_dev
	mkdir -p "$BUNDLE/rootfs/dev"
	ln -s "../../../../../../../../..$HOST" "$BUNDLE/rootfs/dev/sub"
	local l
	for l in fd stdin stdout stderr ptmx core null zero tty; do ln -s "../../../../../../../../..$HOST/$l" "$BUNDLE/rootfs/dev/$l"; done
	config '.linux.devices = [{path: "/dev/sub/node", type: "c", major: 1, minor: 5, fileMode: 438}]'
	args true
	attempt
	host_untouched
}

@test "masked and read-only paths that are symlinks stay inside" {
	ln -s "../../../../../../../../..$HOST" "$BUNDLE/rootfs/evil"
	config '.linux.maskedPaths += ["/evil"] | .linux.readonlyPaths += ["/evil"]'
	args true
	attempt
	touch "$HOST/still-writable" && rm "$HOST/still-writable"
	host_untouched
}

@test "the root itself: a symlink to elsewhere, not a folder" {
	mv "$BUNDLE/rootfs" "$BUNDLE/real"
	echo text >"$BUNDLE/rootfs"
	args true
	attempt
	[ "$status" -ne 0 ]
}

@test "a pid that now belongs to another process is not signalled" {
	requires_carte "this state file"
	args true
	up_ct
	await_status stopped
	sleep 300 >/dev/null 2>&1 3>&- &
	local other=$!
	AGENTS+=($other)
	jq --argjson p $other '.pid = $p' "$ROOT/$CID/state.json" >"$D/st"
	cp "$D/st" "$ROOT/$CID/state.json"
	same "$(state_of .status)" stopped
	try rt kill "$CID" KILL
	exits 6
	says "container not running"
	try rt delete --force "$CID"
	kill -0 $other
}

@test "the state folder is not the container's or anybody's to read" {
	idle
	[ "$(stat -c %u "$ROOT")" = "$(id -u)" ]
	[ $((8#$(stat -c %a "$ROOT") & 8#022)) -eq 0 ]
	[ $((8#$(stat -c %a "$ROOT/$CID") & 8#022)) -eq 0 ]
}

@test "no_new_privs: a set-uid program of the image gives nothing" {
	requires_ids
	cp "$BUNDLE/rootfs/bin/busybox" "$D/su"
	mkdir "$BUNDLE/rootfs/suid"
	cp "$D/su" "$BUNDLE/rootfs/suid/busybox"
	chmod 4755 "$BUNDLE/rootfs/suid/busybox"
	config '.process.user = {uid: 1000, gid: 1000} | .process.noNewPrivileges = true'
	args /suid/busybox awk '/^Uid/ { print $3 }' /proc/self/status
	attempt
	prints 1000
}

@test "seccomp, capabilities and no_new_privs hold for exec too" {
	config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO"}]} | .process.capabilities.bounding = ["CAP_KILL"] | .process.capabilities.permitted = ["CAP_KILL"] | .process.capabilities.effective = ["CAP_KILL"] | .process.capabilities.ambient = []'
	idle
	exec_ct @ grep -E 'CapBnd|NoNewPrivs|Seccomp:' /proc/self/status
	prints $'CapBnd:\t0000000000000020\nNoNewPrivs:\t1\nSeccomp:\t2'
}

@test "environment: an address of a bus does not make root execute a program" {
	requires_root "makes root execute nothing"
	requires_carte
	local helper=${RUNTIME%/*}/carte-systemd
	[ -x "$helper" ] || skip "no carte-systemd beside the runtime"
	printf '%s\0' "$(sed -n 's/^#define WIRE_MAGIC "\(.*\)"$/\1/p' "$TESTS/../src/runtime/cgroup/systemd_wire.h")" stop none.scope 0 0 >"$D/request"
	IN=$D/request
	local address
	for address in unixexec:path=/usr/bin/touch,argv1="$D/made" autolaunch: "unix:path=$D/none;unixexec:path=/usr/bin/touch,argv1=$D/made"; do
		try env "DBUS_SYSTEM_BUS_ADDRESS=$address" "$helper" system 0 5
		grep -q "DBUS_SYSTEM_BUS_ADDRESS: only addresses of sockets" <<<"$out" || show "$address"
		[ ! -e "$D/made" ] || show "$address: it was executed"
	done
}
