#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Mounts added to a container that is there already, and removed.

load helpers

test_setup() {
	requires_carte "mounts add by options"
	writable
	mkdir "$D/src"
	echo host >"$D/src/file"
}
add() { try rt mounts add "$CID" "$@"; }
remove() { try rt mounts remove "$CID" "$@"; }
# mountinfo TAG - the line of what lies at this place in the container
mount_at() { awk -v at="$1" '$5 == at' "/proc/$(pid_of)/mountinfo"; }

@test "mounts add: a bind of the host's folder, seen by who is there already, with its options" {
	requires_root "adds no mounts of the host's folders"
	idle
	open_up
	add --source "$D/src" --destination /made/on/the/way --options ro,nosuid --options nodev
	good
	exec_ct @ cat /made/on/the/way/file
	prints host
	exec_ct @ touch /made/on/the/way/new
	says "Read-only file system"
	mount_at /made/on/the/way | grep -q ' ro,nosuid,nodev,'
	# and nothing of it on the host
	not grep -F "/made/on/the/way" /proc/self/mountinfo
	remove --destination /made/on/the/way
	good
	same "$(mount_at /made/on/the/way)" ""
	exec_ct @ ls -A /made/on/the/way
	prints ""
}

@test "mounts add: a list of config.json's form, from a file and from stdin, in order" {
	requires_root "adds no mounts of the host's folders"
	idle
	jq -n --arg s "$D/src" '[{destination: "/a", type: "tmpfs", source: "t", options: ["size=1m", "mode=0711"]},
		{destination: "/a/b", type: "bind", source: $s, options: ["rbind", "rro"]}]' >"$D/m.json"
	add "$D/m.json"
	good
	exec_ct @ sh -c 'stat -c %a /a; cat /a/b/file; df -k /a | tail -n 1 | tr -s " " | cut -d " " -f 2'
	prints $'711\nhost\n1024'
	IN="$D/m2.json"
	jq '.[0].destination = "/c" | .[:1]' "$D/m.json" >"$IN"
	try rt mounts add "$CID" -
	good
	[ -n "$(mount_at /c)" ]
	IN=
	jq 'reverse' "$D/m.json" >"$D/r.json"
	remove "$D/r.json"
	good
	same "$(mount_at /a)$(mount_at /a/b)" ""
}

@test "mounts add: a file on a file; remove" {
	requires_root "adds no mounts of the host's folders"
	idle
	add --source "$D/src/file" --destination /etc/added
	good
	exec_ct @ cat /etc/added
	prints host
	remove --destination /etc/added
	good
	exec_ct @ cat /etc/added
	prints ""
}

@test "mounts add: one that fails takes those before it back" {
	requires_root "adds no mounts of the host's folders"
	idle
	jq -n --arg s "$D/src" '[{destination: "/one", type: "tmpfs", source: "t"}, {destination: "/two", type: "bind", source: $s},
		{destination: "/two/file/three", type: "bind", source: $s}]' >"$D/m.json"
	add "$D/m.json"
	exits 3
	says "carte-runtime: mounts add '$CID': $D/m.json: mounts[2]: bind $D/src on /two/file/three: /two/file/three: mount point in the root: Not a directory"
	same "$(mount_at /one)$(mount_at /two)" ""
}

@test "mounts add: to a created and to a paused container" {
	requires_root "adds no mounts of the host's folders"
	args sleep 1000
	create_ct
	add --type tmpfs --destination /one
	good
	start_ct
	rt pause "$CID"
	add --type tmpfs --destination /two
	good
	rt resume "$CID"
	[ -n "$(mount_at /one)" ]
	[ -n "$(mount_at /two)" ]
}

@test "mounts add: in a user namespace the owners are its own; idmap takes its mappings" {
	map_ids 100000 65536
	chown -R 100000:100000 "$BUNDLE/rootfs" 2>/dev/null || true
	idle
	chmod 755 "$D" "$D/src"
	add --type tmpfs --destination /t --options mode=0755
	good
	add --source "$D/src" --destination /plain
	good
	add --source "$D/src" --destination /mapped --options idmap
	good
	exec_ct @ stat -c %u /t /plain/file /mapped/file
	prints $'0\n65534\n0'
	exec_ct @ touch /t/new
	good
}

@test "mounts add: own mappings" {
	requires_root "adds no mounts of the host's folders"
	idle
	jq -n --arg s "$D/src" '[{destination: "/m", type: "bind", source: $s, uidMappings: [{containerID: 0, hostID: 5000, size: 10}],
		gidMappings: [{containerID: 0, hostID: 6000, size: 10}]}]' >"$D/m.json"
	add "$D/m.json"
	good
	exec_ct @ stat -c %u:%g /m/file
	prints 5000:6000
}

@test "mounts add: the destination stays in the container, whatever symlinks lie there" {
	local before
	ln -s ../../../../../../../../ "$BUNDLE/rootfs/up"
	ln -s "$D/src" "$BUNDLE/rootfs/out"
	idle
	before=$(host_mounts)
	add --type tmpfs --destination "/up/up/there"
	good
	[ -n "$(mount_at /there)" ]
	add --type tmpfs --destination "/out/below"
	good
	same "$(ls -A "$D/src")" file
	same "$(host_mounts)" "$before"
	# into /proc no link may lead
	exec_ct @ ln -s /proc/sys /p
	add --type tmpfs --destination /p/kernel
	exits 1
	says "/p/kernel: a symlink in the root leads into /proc"
	add --type tmpfs --destination /proc/sys
	says "cannot be mounted because it is inside /proc"
}

@test "mounts remove: what config.json has stays, masks do, and no symlink leads to them" {
	config '.linux.maskedPaths = ["/proc/timer_list", "/masked"] | .mounts += [{destination: "/m", type: "tmpfs", source: "t"}]'
	mkdir "$BUNDLE/rootfs/masked"
	echo secret >"$BUNDLE/rootfs/masked/secret"
	idle
	local place
	for place in /m /m/ //m /proc /dev /masked /proc/timer_list /dev/null; do
		remove --destination "$place"
		[ "$status" -ne 0 ] || show "removed: $place"
	done
	remove --destination /m
	exits 8
	same "$err" "carte-runtime: mounts remove '$CID': mounts[0].destination: /m is of the container's config.json and stays"
	exec_ct @ ln -s / /link
	remove --destination /link/masked
	exits 1
	same "$err" "carte-runtime: mounts remove '$CID': mounts[0].destination: /link/masked: a symlink lies on the way"
	remove --destination /bin
	exits 6
	same "$err" "carte-runtime: mounts remove '$CID': mounts[0].destination: /bin is no mount point in the container"
	remove --destination /nosuch
	exits 1
	says "/nosuch: No such file or directory"
	exec_ct @ ls -A /masked
	prints ""
}

@test "mounts add: a destination that is swapped for a symlink all the time" {
	local before i
	mkdir "$D/host"
	script "while :; do mkdir /t; rmdir /t/x /t 2>/dev/null; ln -s '../../../../../..$D/host' /t; rm -f /t; ln -s /proc/self/cwd /t; rm -f /t; done 2>/dev/null"
	up_ct
	before=$(host_mounts)
	for ((i = 0; i < 60; i++)); do
		add --type tmpfs --destination /t/x
		add --source "$D/src" --destination /t --options ro
	done
	rt kill "$CID" KILL
	same "$(host_mounts)" "$before"
	same "$(ls -A "$D/host")" ""
	same "$(ls -A "$D/src")" file
}

@test "mounts add: what is taken back is what was added, not a mask that a link leads to by then" {
	local i
	requires_program "${CC:-cc}"
	mkdir -p "$BUNDLE/rootfs/a/fs"
	"${CC:-cc}" -O2 -static -o "$BUNDLE/rootfs/a/swap" "$HELPERS/../../race/swap.c"
	config '.linux.readonlyPaths = ["/proc/fs"]'
	args /a/swap / a=/proc
	up_ct
	[ -n "$(mount_at /proc/fs)" ]
	jq -n --arg s "$D/src" '[{destination: "/a/fs", type: "tmpfs", source: "t"}, {destination: "/etc/passwd/x", type: "tmpfs", source: "t"}]' >"$D/m.json"
	for ((i = 0; i < 60; i++)); do
		add "$D/m.json"
		[ "$status" -ne 0 ]
		[ -n "$(mount_at /proc/fs)" ] || show "unmounted in round $i"
	done
}

@test "mounts: a mount namespace joined by path is left as it is" {
	requires_root "adds no mounts of the host's folders"
	config '.mounts = [] | .root.readonly = false | del(.linux.maskedPaths, .linux.readonlyPaths) | .annotations = {}'
	namespace mount /proc/self/ns/mnt
	args sleep 1000
	create_ct
	add --type tmpfs --destination "$D/host"
	fails_as unsupported
	same "$err" "carte-runtime: mounts add '$CID': the container's mount namespace is another's, joined by path"
	[ ! -e "$D/host" ]
}

@test "mounts add: what only create can make is refused" {
	idle
	local type
	for type in proc sysfs mqueue cgroup; do
		add --type "$type" --destination /x
		[ "$status" -ne 0 ] || show "accepted: $type"
		says "mounts[0]: $type: possible only when the container is created"
	done
	add --source / --destination /x --options remount,ro
	says "mounts[0]: remount: possible only when the container is created"
	add --type tmpfs --destination /x --options tmpcopyup
	says "mounts[0]: tmpcopyup: possible only when the container is created"
}

@test "mounts: mistakes" {
	requires_root "adds no mounts of the host's folders"
	add --type tmpfs --destination /x
	exits 4
	same "$err" "carte-runtime: mounts add '$CID': container does not exist"
	idle
	try rt mounts frob "$CID" "$D/x"
	exits 2
	same "$err" "carte-runtime: mounts frob '$CID': unknown action: expected add or remove"
	add
	exits 2
	same "$err" "carte-runtime: mounts add '$CID': give either a FILE of mounts or --destination with its options"
	add --destination /x
	exits 1
	says "mounts[0].source: required for a bind mount"
	add --source "$D/nosuch" --destination /x
	exits 1
	says "mounts[0]: source $D/nosuch: No such file or directory"
	echo '[{"destination": 7}]' >"$D/m.json"
	add "$D/m.json"
	exits 3
	same "$err" "carte-runtime: mounts add '$CID': $D/m.json: [0].destination: expected string, got number"
	echo '{}' >"$D/m.json"
	add "$D/m.json"
	exits 3
	same "$err" "carte-runtime: mounts add '$CID': $D/m.json: expected array, got object"
	rt kill "$CID" KILL
	await_status stopped
	add --type tmpfs --destination /x
	exits 6
	same "$err" "carte-runtime: mounts add '$CID': container not running"
}

@test "mounts add: nothing of the host is open in the container meanwhile or left behind" {
	requires_root "adds no mounts of the host's folders"
	requires_program strace
	idle
	strace -f -e trace=setns,openat,open,prctl,move_mount,close_range -o "$D/trace" \
		"$RUNTIME" --root "$ROOT" mounts add "$CID" --source "$D/src" --destination /m 3>&-
	# undumpable and rid of the rest before it joins; behind that only the root and places below it
	awk '/PR_SET_DUMPABLE, *(0|SUID_DUMP_DISABLE)/ { d = 1 } /close_range/ { c = 1 } /setns/ { exit !(d && c) }' "$D/trace"
	awk '/setns/ { on = 1; next } on && /openat\(AT_FDCWD|open\(/ && !/openat\(AT_FDCWD, "\/", O_RDONLY\|O_CLOEXEC\|O_PATH\|O_DIRECTORY|"\/", O_.*O_PATH/ { bad = 1; print } END { exit bad }' "$D/trace"
}
