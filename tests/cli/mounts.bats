#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The file system that a container sees: mounts, options, propagation, devices, masks, the root itself.
load helpers

# mount JSON - one more mount
mount_add() { config '.mounts += [$m]' --argjson m "$1"; }
# bind SOURCE DESTINATION OPTION...
bind() {
	local source=$1 to=$2
	shift 2
	config '.mounts += [{type: "bind", source: $s, destination: $d, options: $ARGS.positional}]' --arg s "$source" --arg d "$to" --args "$@"
}
# options of the mount at $1 as the container sees them
options_of() { echo "awk '\$5 == \"$1\" { print \$6 }' /proc/self/mountinfo"; }

test_setup() {
	mkdir -p "$D/src/sub"
	echo content >"$D/src/file"
	MOUNTED=
}
test_teardown() { [ -z "$MOUNTED" ] || umount -l "$MOUNTED"; }
# a tmpfs below the source, visible to rbind only
nested() {
	mount -t tmpfs tmpfs "$D/src/sub"
	MOUNTED=$D/src/sub
	echo nested >"$D/src/sub/file"
}

@test "root: read-only or not" {
	inside 'touch /f 2>&1 || echo ro'
	has "Read-only file system"
	writable
	inside 'touch /f && echo rw'
	prints rw
	[ -e "$BUNDLE/rootfs/f" ]
}

@test "root: absolute path, symlinked bundle" {
	config '.root.path = $p' --arg p "$BUNDLE/rootfs"
	inside 'echo ok'
	prints ok
	ln -s "$BUNDLE" "$D/link"
	try rt run -b "$D/link" "$CID"
	good
}

@test "root: nothing of the host is left after pivot_root" {
	inside 'cut -d" " -f5 /proc/self/mountinfo; ls /'
	has_not "$D"
	has_not /sys/fs/cgroup/unified/..
	has_not .pivot
}

@test "root: the bundle's folder is not the mount point seen on the host" {
	idle
	not grep -q "$BUNDLE" /proc/self/mountinfo
}

@test "bind: folder and file, made in the root when missing" {
	writable
	bind "$D/src" /new/dir bind
	bind "$D/src/file" /new/file bind
	inside 'cat /new/dir/file /new/file; ls /new/dir/sub; echo back >/new/dir/back'
	prints $'content\ncontent'
	same "$(cat "$D/src/back")" back
}

@test "bind: relative source is relative to the bundle" {
	mkdir "$BUNDLE/data"
	echo here >"$BUNDLE/data/f"
	bind data /mnt bind
	inside 'cat /mnt/f'
	prints here
}

@test "bind: missing source" {
	bind "$D/nosuch" /mnt bind
	args true
	run_ct
	refused nosuch
}

@test "bind or rbind: what lies below" {
	requires_root "mounts nothing on the host"
	nested
	bind "$D/src" /mnt bind
	inside 'ls /mnt/sub'
	prints ""
	config '.mounts[-1].options = ["rbind"]'
	inside 'cat /mnt/sub/file'
	prints nested
}

@test "ro: not what lies below; rro: that too" {
	requires_root "mounts nothing on the host"
	nested
	bind "$D/src" /mnt rbind ro
	inside 'touch /mnt/x 2>/dev/null || echo ro; touch /mnt/sub/x && echo rw'
	prints $'ro\nrw'
	requires_carte rro
	config '.mounts[-1].options = ["rbind", "rro"]'
	inside 'touch /mnt/x 2>/dev/null || echo ro; touch /mnt/sub/x 2>/dev/null || echo ro'
	prints $'ro\nro'
}

@test "flags: each classic option and its opposite" {
	requires_root "keeps the flags of the sources, they are locked"
	bind "$D/src" /mnt bind nosuid nodev noexec ro noatime
	inside "$(options_of /mnt)"
	prints ro,nosuid,nodev,noexec,noatime
	config '.mounts[-1].options = ["bind", "suid", "dev", "exec", "rw", "relatime"]'
	inside "$(options_of /mnt)"
	matches '^rw,relatime$'
	config '.mounts[-1].options = ["bind", "nodiratime"]'
	inside "$(options_of /mnt)"
	has nodiratime
	config '.mounts[-1].options = ["bind", "strictatime"]'
	inside "$(options_of /mnt)"
	has_not relatime
	requires_carte nosymfollow
	config '.mounts[-1].options = ["bind", "nosymfollow"]'
	inside "$(options_of /mnt)"
	has nosymfollow
}

@test "flags: every recursive option is accepted and acts on what lies below" {
	requires_root "mounts nothing on the host"
	requires_carte "recursive options"
	local option want
	nested
	for option in rro rnosuid rnodev rnoexec rnodiratime rnoatime rnosymfollow; do
		config '.mounts |= map(select(.destination != "/mnt"))'
		bind "$D/src" /mnt rbind "$option"
		inside "$(options_of /mnt/sub)"
		want=${option#r}
		has "$want"
	done
}

@test "a bind without options keeps the flags of its source" {
	requires_root "mounts nothing on the host"
	mount -t tmpfs -o nosuid,nodev,noexec tmpfs "$D/src/sub"
	MOUNTED=$D/src/sub
	bind "$D/src/sub" /mnt bind
	inside "$(options_of /mnt)"
	prints rw,nosuid,nodev,noexec,relatime
}

@test "tmpfs: size, mode, owner" {
	requires_ids
	mount_add '{"destination": "/fresh", "type": "tmpfs", "source": "tmpfs", "options": ["size=64k", "mode=1777", "uid=5", "gid=6", "nosuid"]}'
	inside 'stat -c "%a %u %g" /fresh; df -k /fresh | awk "NR == 2 { print \$2 }"; dd if=/dev/zero of=/fresh/x bs=100k count=1 2>&1 | grep -c "No space"'
	prints $'1777 5 6\n64\n1'
}

@test "tmpfs: tmpcopyup" {
	requires_root "gives files to nobody else"
	mkdir -p "$BUNDLE/rootfs/data/deep"
	echo x >"$BUNDLE/rootfs/data/deep/f"
	ln -s deep/f "$BUNDLE/rootfs/data/link"
	chown 5:6 "$BUNDLE/rootfs/data/deep/f"
	chmod 604 "$BUNDLE/rootfs/data/deep/f"
	chmod 1777 "$BUNDLE/rootfs/data"
	mount_add '{"destination": "/data", "type": "tmpfs", "source": "tmpfs", "options": ["tmpcopyup"]}'
	inside 'cat /data/link; stat -c "%a %u %g" /data/deep/f; stat -c %a /data; rm /data/deep/f; echo y >/data/deep/f; awk "\$2 == \"/data\" { print \$3 }" /proc/mounts'
	prints $'x\n604 5 6\n1777\ntmpfs'
	same "$(cat "$BUNDLE/rootfs/data/deep/f")" x
}

@test "tmpfs: read-only, with another mount deep in it" {
	mkdir -p "$BUNDLE/rootfs/data/deep"
	mount_add '{"destination": "/data", "type": "tmpfs", "source": "tmpfs", "options": ["tmpcopyup", "ro"]}'
	bind "$D/src" /data/deep/er/inner bind
	inside 'cat /data/deep/er/inner/file; touch /data/x 2>/dev/null || echo ro'
	prints $'content\nro'
}

@test "a bound /dev: listed nodes that it has are accepted, those elsewhere are made" {
	requires_root "makes no device nodes"
	writable
	config '.mounts |= map(select(.destination | startswith("/dev") | not)) + [{destination: "/dev", type: "bind", source: "/dev", options: ["rbind"]}]
		| .linux.devices = [{type: "c", path: "/dev/null", major: 1, minor: 3}, {type: "c", path: "/nothing", major: 1, minor: 3}]'
	inside '[ -c /nothing ] && stat -c "%t %T" /nothing'
	prints "1 3"
}

@test "mounts are made in order; a later one covers an earlier" {
	mount_add '{"destination": "/mnt", "type": "tmpfs", "source": "tmpfs", "options": []}'
	bind "$D/src" /mnt/inner bind
	inside 'cat /mnt/inner/file'
	prints content
	mount_add '{"destination": "/mnt", "type": "tmpfs", "source": "tmpfs", "options": []}'
	inside 'ls /mnt'
	prints ""
}

@test "destination is a symlink: resolved inside the root" {
	writable
	mkdir "$BUNDLE/rootfs/real"
	ln -s /real "$BUNDLE/rootfs/link"
	ln -s ../../../../../../real "$BUNDLE/rootfs/uplink"
	bind "$D/src" /link bind
	inside 'cat /real/file'
	prints content
	config '.mounts[-1].destination = "/uplink"'
	inside 'cat /real/file'
	prints content
}

@test "unknown file system type, unknown option" {
	args true
	mount_add '{"destination": "/mnt", "type": "nosuchfs", "source": "x"}'
	run_ct
	refused
	[[ $err == *nosuchfs* || $err == *"/mnt"* ]] || show "names it"
	config '.mounts[-1] = {destination: "/mnt", type: "tmpfs", source: "x", options: ["nosuchoption"]}'
	run_ct
	refused
}

@test "relative destination" {
	requires_carte "the same way of treating it"
	args true
	bind "$D/src" mnt bind
	run_ct
	[ "$status" -eq 0 ] || refused mounts
}

@test "propagation of a mount: private, slave, shared" {
	bind "$D/src" /mnt bind shared
	inside "awk '\$5 == \"/mnt\"' /proc/self/mountinfo"
	has shared:
	config '.mounts[-1].options = ["bind", "private"]'
	inside "awk '\$5 == \"/mnt\"' /proc/self/mountinfo"
	has_not shared:
	config '.mounts[-1].options = ["bind", "unbindable"]'
	inside "awk '\$5 == \"/mnt\"' /proc/self/mountinfo"
	has unbindable
}

@test "rslave: host mounts appear inside, none of the container's outside" {
	requires_root "mounts nothing on the host"
	mount --bind "$D/src" "$D/src"
	MOUNTED=$D/src
	mount --make-shared "$D/src"
	config '.linux.rootfsPropagation = "rslave"'
	bind "$D/src" /mnt rbind rslave
	writable
	script 'touch /ready; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do [ -e /mnt/sub/late ] && echo seen && exit 0; sleep 0.1; done; exit 1'
	rt run -b "$BUNDLE" "$CID" >"$D/o" 2>&1 </dev/null &
	local job=$! st=0
	await 5 test -e "$BUNDLE/rootfs/ready"
	mount -t tmpfs tmpfs "$D/src/sub"
	touch "$D/src/sub/late"
	wait $job || st=$?
	umount -l "$D/src/sub"
	same "$st $(cat "$D/o")" "0 seen"
}

@test "rootfsPropagation: default gives nothing back to the host" {
	inside "awk '\$5 == \"/\"' /proc/self/mountinfo"
	has_not shared:
	requires_carte "shared here"
	config '.linux.rootfsPropagation = "shared"'
	inside "awk '\$5 == \"/\"' /proc/self/mountinfo"
	has shared:
	config '.linux.rootfsPropagation = "nosuch"'
	run_ct
	[ "$status" -ne 0 ]
}

@test "proc, sysfs, mqueue, devpts, shm as spec has them" {
	inside 'awk "{ print \$2, \$3 }" /proc/mounts'
	has "/proc proc"
	has "/sys sysfs"
	has "/dev tmpfs"
	has "/dev/pts devpts"
	has "/dev/shm tmpfs"
	has "/dev/mqueue mqueue"
}

@test "mqueue works, devpts is an own one" {
	requires_probe
	inside 'probe mq /q; ls /dev/mqueue; ls /dev/pts'
	prints $'ok\nq\nptmx'
}

@test "sysfs needs a network namespace of its own; a bind of the host's does not" {
	config '.linux.namespaces |= map(select(.type != "network")) | .mounts |= map(if .type == "sysfs" then {destination: "/sys", type: "bind", source: "/sys", options: ["rbind", "ro"]} else . end | select(.destination != "/sys/fs/cgroup"))'
	inside 'ls /sys/class/net | head -n 1; touch /sys/x 2>&1; true'
	has "Read-only file system"
}

# ---- cgroup mounts -------------------------------------------------------------------------------------------------
@test "cgroup mount: each hierarchy, the container's own part, read-only" {
	requires_own_cgroup
	requires_v1 memory
	config '.linux.resources.memory.limit = 55000000'
	writable
	inside 'ls /sys/fs/cgroup; cat /sys/fs/cgroup/memory/memory.limit_in_bytes; echo 1 2>/dev/null >/sys/fs/cgroup/memory/tasks || echo ro'
	has memory
	has pids
	has 54996992
	matches 'ro$'
}

@test "cgroup mount: recursive read-only, propagation, access times" {
	requires_own_cgroup
	requires_carte "these options there"
	namespace cgroup
	config '.mounts |= map(if .type == "cgroup" then .options = ["rro", "rshared", "noatime"] else . end)'
	if on_v2; then
		inside 'mkdir /sys/fs/cgroup/sub 2>/dev/null || awk "\$5 == \"/sys/fs/cgroup\" { print \$6, \$7 ~ /shared/ }" /proc/self/mountinfo'
		prints "ro,nosuid,nodev,noexec,noatime 1"
		return
	fi
	inside 'mkdir /sys/fs/cgroup/memory/sub 2>/dev/null || awk "\$5 == \"/sys/fs/cgroup/memory\" { print \$6, \$7 ~ /shared/ }" /proc/self/mountinfo'
	prints "ro,nosuid,nodev,noexec,noatime 1"
}

@test "cgroup mount: with a cgroup namespace, and writable when asked" {
	requires_own_cgroup
	requires_v1 memory
	namespace cgroup
	config '.mounts |= map(if .type == "cgroup" then .options = ["rw"] else . end)'
	inside 'cat /proc/self/cgroup | grep -c ":/$"; mkdir /sys/fs/cgroup/memory/sub && echo made && rmdir /sys/fs/cgroup/memory/sub'
	has made
}

@test "cgroup mount on v2: the container's own part, read-only" {
	requires_v2 memory
	config '.linux.resources.memory.limit = 55000000'
	inside 'cat /sys/fs/cgroup/memory.max; echo 1 2>/dev/null >/sys/fs/cgroup/memory.max || echo ro; mkdir /sys/fs/cgroup/x 2>/dev/null || echo ro; awk "\$5 == \"/sys/fs/cgroup\" { print \$6 }" /proc/self/mountinfo'
	prints $'54996992\nro\nro\nro,nosuid,nodev,noexec,relatime'
}

@test "cgroup mount on v2: writable when asked" {
	requires_v2
	config '.mounts |= map(if .type == "cgroup" then .options = ["rw"] else . end)'
	inside 'grep ^0: /proc/self/cgroup; mkdir /sys/fs/cgroup/sub && echo $$ >/sys/fs/cgroup/sub/cgroup.procs && grep ^0: /proc/self/cgroup'
	prints $'0::/\n0::/sub'
}

@test "cgroup mount on v2: without a cgroup namespace all of the host's, read-only" {
	requires_v2
	no_namespace cgroup
	inside 'grep ^0: /proc/self/cgroup; [ -d /sys/fs/cgroup/'"$CID"' ] && mkdir /sys/fs/cgroup/x 2>/dev/null || echo ro'
	prints "0::/$CID"$'\nro'
}

@test "cgroup mount on v2: with a user namespace but no cgroup namespace, its own part, read-only whatever is asked" {
	requires_v2
	no_namespace cgroup
	map_ids 100000 65536
	config '.mounts |= map(if .type == "cgroup" then .options = ["rw"] else . end)'
	inside 'grep ^0: /proc/self/cgroup; ls -d /sys/fs/cgroup/cgroup.procs; [ ! -e /sys/fs/cgroup/'"$CID"' ] && mkdir /sys/fs/cgroup/x 2>/dev/null || echo ro'
	prints "0::/$CID"$'\n/sys/fs/cgroup/cgroup.procs\nro'
}

@test "cgroup mount on v2: with user and cgroup namespaces, writable when asked" {
	requires_v2
	map_ids 100000 65536
	config '.mounts |= map(if .type == "cgroup" then .options = ["rw"] else . end)'
	inside 'grep ^0: /proc/self/cgroup; mkdir /sys/fs/cgroup/sub && echo made; [ ! -e /sys/fs/cgroup/pids.max ] || echo 5 2>/dev/null >/sys/fs/cgroup/pids.max || echo "not its limits"'
	has $'0::/\nmade'
	[ ! -e /sys/fs/cgroup/cgroup.controllers ] || ! grep -q pids /sys/fs/cgroup/cgroup.controllers || has "not its limits"
}

# ---- masked and read-only paths --------------------------------------------------------------------------------------
@test "maskedPaths: file reads empty, folder is empty, missing ones are no error" {
	mkdir -p "$BUNDLE/rootfs/secret"
	echo hidden >"$BUNDLE/rootfs/secret/f"
	echo hidden >"$BUNDLE/rootfs/etc/hide"
	config '.linux.maskedPaths += ["/secret", "/etc/hide", "/nosuch/at/all"]'
	inside 'cat /etc/hide; ls -A /secret; touch /secret/x 2>/dev/null || echo ro; stat -c %t:%T /etc/hide'
	prints $'ro\n1:3'
}

@test "readonlyPaths" {
	writable
	mkdir "$BUNDLE/rootfs/keep"
	config '.linux.readonlyPaths += ["/keep", "/nosuch"]'
	inside 'touch /keep/x 2>/dev/null || echo ro; touch /other && echo rw; echo 1 2>/dev/null >/proc/sys/kernel/hostname || echo proc-ro'
	prints $'ro\nrw\nproc-ro'
}

# ---- devices -------------------------------------------------------------------------------------------------------
@test "devices: the default ones, links and console" {
	inside 'for d in null zero full random urandom tty; do stat -c "%n %t:%T %a" /dev/$d; done; for l in fd stdin stdout stderr ptmx; do echo $l $(readlink /dev/$l); done'
	has "/dev/null 1:3 666"
	has "/dev/zero 1:5 666"
	has "/dev/full 1:7 666"
	has "/dev/random 1:8 666"
	has "/dev/urandom 1:9 666"
	has "/dev/tty 5:0 666"
	has "fd /proc/self/fd"
	has "stdout /proc/self/fd/1"
	matches 'ptmx (/dev/)?pts/ptmx'
}

@test "devices: made as asked, usable when allowed" {
	requires_root "makes no device nodes"
	config '.linux.devices = [{path: "/dev/my/zero", type: "c", major: 1, minor: 5, fileMode: 420, uid: 7, gid: 8}, {path: "/dev/pipe", type: "p"}]
		| .linux.resources.devices += [{allow: true, type: "c", major: 1, minor: 5, access: "r"}]'
	inside 'stat -c "%t:%T %a %u %g" /dev/my/zero; [ -p /dev/pipe ] && echo pipe; head -c 3 /dev/my/zero | wc -c'
	prints $'1:5 644 7 8\npipe\n3'
}

@test "devices: what is not allowed cannot be opened, made before or inside" {
	requires_root "makes no device nodes"
	requires_v1 devices
	config '.linux.devices = [{path: "/dev/kmsg-x", type: "c", major: 1, minor: 11, fileMode: 438}] | .process.capabilities.bounding += ["CAP_MKNOD"] | .process.capabilities.effective += ["CAP_MKNOD"] | .process.capabilities.permitted += ["CAP_MKNOD"]'
	inside 'cat /dev/kmsg-x 2>&1 | head -n 1; mknod /dev/made c 1 11 && head -c 1 /dev/made 2>&1; cat /dev/null && echo fine'
	has "Operation not permitted"
	has fine
	matches "/dev/made.*Operation not permitted"
}

@test "devices: unknown type, missing numbers, twice with differing numbers" {
	args true
	config '.linux.devices = [{path: "/dev/x", type: "z", major: 1, minor: 5}]'
	run_ct
	refused
	requires_carte "these checks"
	config '.linux.devices = [{path: "/dev/x", type: "c"}]'
	run_ct
	refused "linux.devices[0]"
}

# ---- idmapped mounts -------------------------------------------------------------------------------------------------
@test "idmap: files of the host have other owners inside" {
	requires_root "gives files to nobody else"
	requires_carte "idmapped mounts"
	chown 1000:1000 "$D/src/file"
	config '.mounts += [{destination: "/mnt", type: "bind", source: $s, options: ["rbind", "idmap"],
		uidMappings: [{containerID: 1000, hostID: 2000, size: 10}], gidMappings: [{containerID: 1000, hostID: 2000, size: 10}]}]' --arg s "$D/src"
	inside 'stat -c %u:%g /mnt/file'
	prints 2000:2000
}

@test "idmap: of the container's user namespace when it gives no mappings" {
	requires_root "gives files to nobody else"
	requires_carte "idmapped mounts"
	map_ids 100000 65536
	chown 1000:1000 "$D/src/file"
	config '.mounts += [{destination: "/mnt", type: "bind", source: $s, options: ["bind", "idmap"]}]' --arg s "$D/src"
	inside 'stat -c %u:%g /mnt/file; echo x >/mnt/new && stat -c %u:%g /mnt/new'
	has 1000:1000
}

@test "ridmap reaches what lies below, idmap does not" {
	requires_root "mounts nothing on the host"
	requires_carte "idmapped mounts"
	nested
	requires_kernel 6 3 "id-mapped tmpfs"
	chown 1000:1000 "$D/src/sub/file"
	config '.mounts += [{destination: "/mnt", type: "bind", source: $s, options: ["rbind", "ridmap"],
		uidMappings: [{containerID: 1000, hostID: 2000, size: 10}], gidMappings: [{containerID: 1000, hostID: 2000, size: 10}]}]' --arg s "$D/src"
	inside 'stat -c %u /mnt/sub/file'
	prints 2000
}

# ---- other ways into the root ------------------------------------------------------------------------------------
@test "--no-pivot: the same view" {
	args sh -c 'ls / | tr "\n" " "; cat /etc/passwd | head -n 1; touch /x 2>/dev/null || echo ro'
	run_ct --no-pivot
	good
	has root:x:0:0
	matches 'ro$'
	has_not lost+found
}

@test "mountLabel and SELinux label: ignored or refused where the kernel has no SELinux" {
	[ ! -d /sys/fs/selinux/class ] || skip "SELinux is on here"
	args true
	config '.linux.mountLabel = "system_u:object_r:container_file_t:s0" | .process.selinuxLabel = "system_u:system_r:container_t:s0"'
	run_ct
	[ "$status" -eq 0 ] || [[ ${err,,} == *selinux* ]] || show "neither"
	[ ! -e "$ROOT/$CID" ]
}

@test "a mount namespace joined by path: no mount is made" {
	requires_root "joins no namespaces"
	requires_carte "this rule"
	unshare -m sleep 100 >/dev/null 2>&1 3>&- &
	AGENTS+=($!)
	await 5 sh -c "[ \$(readlink /proc/$!/ns/mnt) != \$(readlink /proc/self/ns/mnt) ]"
	config '.linux.namespaces |= map(if .type == "mount" then .path = $p else . end) | .mounts = [] | .linux.maskedPaths = [] | .linux.readonlyPaths = [] | .root.readonly = false' --arg p "/proc/$!/ns/mnt"
	args readlink /proc/self/ns/mnt
	run_ct
	[ "$status" -ne 0 ] || prints "$(readlink "/proc/${AGENTS[-1]}/ns/mnt")"
}

# ---- overlay root by annotations ---------------------------------------------------------------------------------
overlay() {
	requires_carte "overlay annotations"
	grep -qw overlay /proc/filesystems || skip "no overlayfs"
	mkdir -p "$BUNDLE/top/etc" "$BUNDLE/mid"
	echo top >"$BUNDLE/top/etc/which"
	echo mid >"$BUNDLE/mid/which-mid"
	mkdir -p "$BUNDLE/mid/etc"
	echo mid >"$BUNDLE/mid/etc/which"
	config '.annotations["io.carte.rootfs.layers"] = "[\"top\", \"mid\", \"rootfs\"]" | .root.readonly = false'
}

@test "overlay: layers, top first; writes go to the bundle's overlay folder" {
	overlay
	inside 'cat /etc/which /which-mid; echo new >/new; rm /which-mid; awk "\$2 == \"/\" { print \$3 }" /proc/mounts'
	has $'top\nmid'
	has overlay
	[ ! -e "$BUNDLE/rootfs/new" ]
	same "$(cat "$BUNDLE/mid/which-mid")" mid
	same "$(cat "$(find "$BUNDLE/overlay" -name new)")" new
	# a second run sees what the first wrote
	inside 'cat /new; ls /which-mid 2>&1; true'
	has new
	has "No such file"
}

@test "overlay: nothing is mounted on the host, though killed" {
	overlay
	args sleep 1000
	up_ct
	not grep -q "$BUNDLE" /proc/self/mountinfo
	kill -9 "$(pid_of)"
	await_status stopped
	not grep -q "$BUNDLE" /proc/self/mountinfo
}

@test "overlay: upper tmpfs is thrown away" {
	overlay
	# before 6.15 not a folder within root.path
	mv "$BUNDLE/rootfs" "$BUNDLE/low"
	mkdir "$BUNDLE/rootfs"
	config '.annotations["io.carte.rootfs.layers"] = "[\"top\", \"mid\", \"low\"]" | .annotations["io.carte.rootfs.upper"] = "tmpfs"'
	inside 'echo new >/new; cat /new'
	prints new
	inside 'ls /new 2>&1; true'
	has "No such file"
	[ ! -e "$BUNDLE/overlay/upper/new" ]
}

@test "overlay: upper and work given, absolute" {
	overlay
	mkdir "$D/up" "$D/work"
	config '.annotations["io.carte.rootfs.upper"] = $u | .annotations["io.carte.rootfs.work"] = $w' --arg u "$D/up" --arg w "$D/work"
	inside 'echo new >/new'
	same "$(cat "$D/up/new")" new
}

@test "overlay: read-only root" {
	overlay
	config '.root.readonly = true'
	inside 'touch /x 2>/dev/null || echo ro; cat /etc/which'
	prints $'ro\ntop'
}

@test "overlay: missing layer, bad annotation" {
	overlay
	args true
	config '.annotations["io.carte.rootfs.layers"] = "[\"nosuch-layer\", \"rootfs\"]"'
	run_ct
	refused nosuch-layer
	config '.annotations["io.carte.rootfs.layers"] = "not json"'
	run_ct
	refused io.carte.rootfs.layers
	config '.annotations["io.carte.rootfs.layers"] = "[]"'
	run_ct
	refused io.carte.rootfs.layers
}

@test "overlay: more than 64 layers" {
	overlay
	local i
	for i in $(seq 80); do
		mkdir -p "$BUNDLE/l/$i"
		echo "$i" >"$BUNDLE/l/$i/n$i"
	done
	config '.annotations["io.carte.rootfs.layers"] = ([range(1; 81) | "l/\(.)"] + ["rootfs"] | tojson)'
	script 'cat /n1 /n80'
	run_ct
	if [ "$status" -eq 0 ]; then
		prints $'1\n80'
	else
		refused layers
	fi
}

@test "overlay: exec, and the same bundle without annotations" {
	overlay
	args sleep 1000
	up_ct
	exec_ct @ cat /etc/which
	prints top
	rt delete --force "$CID"
	config 'del(.annotations)'
	inside 'cat /etc/which 2>&1; true'
	has "No such file"
}
