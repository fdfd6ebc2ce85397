# SPDX-License-Identifier: Apache-2.0
# engine.sh - what every engine test shares: isolation, reporting, an image, a runtime that logs its calls.
#
# The engine lives in its own mount, network, pid and cgroup namespace with its own /run, under one cgroup per
# hierarchy that is removed at the end: the machine sees nothing of it, and the death of the
# script's pid 1 ends every daemon, shim and container. Everything on disk is below $W.
# In the virtual machine (tests/vm/run) nothing needs to be isolated: there the engine runs on the machine itself, with
# the systemd cgroup manager where there is a systemd to ask, and as an ordinary user when started as one.
# shellcheck shell=bash disable=SC2034 # status is for the tests

ENGINE_LIB=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/lib/runtime.sh
. "$ENGINE_LIB/runtime.sh"

passed=0 failed=0 skipped=0
# emulated machines are slow
SLOW=1
[ "${CARTE_VM:-0}" != 1 ] || SLOW=8
MANAGER=${CARTE_ENGINE_MANAGER:-cgroupfs}
if [ "${CARTE_VM:-0}" = 1 ] && [ -z "${CARTE_ENGINE_MANAGER:-}" ]; then
	if [ "$(id -u)" -eq 0 ] || [ -n "${DBUS_SESSION_BUS_ADDRESS:-}" ]; then MANAGER=systemd; fi
fi
as_root() { [ "$(id -u)" -eq 0 ]; }

# An emulated machine runs for an ordinary user what differs there: checks between `same` and `differs` see nothing of users or
# cgroup managers, and run on the host, as root. CARTE_VM_FULL=1: all of them everywhere.
leave_out=0 left_out=0
same() { if [ "${CARTE_VM:-0}" = 1 ] && [ "${CARTE_VM_FULL:-0}" != 1 ] && ! as_root; then leave_out=1; fi; }
differs() { leave_out=0; }
# left - this check is left out
left() {
	[ "$leave_out" = 1 ] || return 1
	left_out=$((left_out + 1))
}

ok() {
	passed=$((passed + 1))
	printf 'ok %s\n' "$1"
}

# not_ok NAME REASON [FILE] - FILE's last lines are shown
not_ok() {
	failed=$((failed + 1))
	printf 'not ok %s: %s\n' "$1" "$2"
	[ -z "${3:-}" ] || tail -n 15 "$3" | sed 's/^/#   /'
}

skip() {
	skipped=$((skipped + 1))
	printf 'skip %s: %s\n' "$1" "$2"
	[ "${CARTE_TEST_STRICT:-0}" != 1 ] || failed=$((failed + 1))
}

engine_end() {
	[ "$left_out" = 0 ] || printf '# %d checks are the same for root on the host: left out\n' "$left_out"
	printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
	[ "$failed" -eq 0 ]
	exit
}

# engine_needs PROGRAM... - the whole test is one skip when a program is missing
engine_needs() {
	local program
	for program; do
		command -v "$program" >/dev/null && continue
		skip "$ENGINE" "$program is not installed"
		engine_end
	done
	{ as_root || [ "${ENGINE_ROOTLESS:-0}${CARTE_VM:-0}" = 11 ]; } && return
	skip "$ENGINE" "needs root${ENGINE_ROOTLESS:+, or the virtual machine}"
	engine_end
}

# Output goes to a file, never through $(...): what outlives a timed-out client would hold the pipe open.
engine_run() {
	timeout -k 2 $((${T:-30} * SLOW)) "$@" >"$W/out" 2>"$W/err" </dev/null
	status=$?
	tr -d '\r' <"$W/out" >"$W/text"
	cat "$W/out" "$W/err" | tr -d '\r' >"$W/both"
}

# is NAME WANT COMMAND... - status 0 and exactly this on stdout
is() {
	left && return
	local name=$1 want=$2
	shift 2
	engine_run "$@"
	if [ "$status" -ne 0 ]; then
		not_ok "$name" "exit status $status" "$W/both"
	elif [ "$(cat "$W/text")" != "$want" ]; then
		not_ok "$name" "expected '$want'" "$W/both"
	else
		ok "$name"
	fi
}

# like NAME ERE COMMAND... - status 0 and (unless ERE is empty) a line that matches, on stdout or stderr
like() {
	left && return
	local name=$1 want=$2
	shift 2
	engine_run "$@"
	if [ "$status" -ne 0 ]; then
		not_ok "$name" "exit status $status" "$W/both"
	elif [ -n "$want" ] && ! grep -Eq -- "$want" "$W/both"; then
		not_ok "$name" "expected /$want/" "$W/both"
	else
		ok "$name"
	fi
}

# fails NAME STATUS ERE COMMAND... - this exit status, and (unless ERE is empty) a line that matches
fails() {
	left && return
	local name=$1 code=$2 want=$3
	shift 3
	engine_run "$@"
	if [ "$status" -ne "$code" ]; then
		not_ok "$name" "expected exit status $code, got $status" "$W/both"
	elif [ -n "$want" ] && ! grep -Eq -- "$want" "$W/both"; then
		not_ok "$name" "expected /$want/" "$W/both"
	else
		ok "$name"
	fi
}

# want_file NAME WANT FILE - a file, of the host's side, holds exactly this
want_file() {
	local got
	got=$(cat "$3" 2>&1)
	if [ "$got" = "$2" ]; then
		ok "$1"
	else
		not_ok "$1" "$3: expected '$2', got '$got'"
	fi
}

# await SECONDS COMMAND... - until it succeeds
await() {
	local end=$((SECONDS + $1 * SLOW))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.1
	done
}

# called NAME ERE - the engine really called the runtime under test with such arguments
called() {
	left && return
	if grep -Eq -- "$2" "$W/argv.log"; then
		ok "$1"
	else
		not_ok "$1" "no call of the runtime matches /$2/" "$W/argv.log"
	fi
}

# cgroup_of CONTROLLER PID - the folder of a process's cgroup
cgroup_of() {
	local rel
	if [ -d "/sys/fs/cgroup/$1" ]; then
		rel=$(awk -F: -v c="$1" '{ n = split($2, a, ","); for (i = 1; i <= n; i++) if (a[i] == c) print $3 }' "/proc/$2/cgroup")
		echo "/sys/fs/cgroup/$1$rel"
	else
		echo "/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$2/cgroup")"
	fi
}

# limits NAME PID MEMORY QUOTA PERIOD PIDS - what the kernel says, v1 or v2; - is not looked at
limits() {
	local name=$1 pid=$2 mem=$3 quota=$4 period=$5 pids=$6 got=""
	if [ -d /sys/fs/cgroup/memory ]; then
		[ "$mem" = - ] || got+="memory=$(cat "$(cgroup_of memory "$pid")/memory.limit_in_bytes") "
		[ "$quota" = - ] || got+="cpu=$(cat "$(cgroup_of cpu "$pid")/cpu.cfs_quota_us")/$(cat "$(cgroup_of cpu "$pid")/cpu.cfs_period_us") "
		[ "$pids" = - ] || got+="pids=$(cat "$(cgroup_of pids "$pid")/pids.max") "
	else
		[ "$mem" = - ] || got+="memory=$(cat "$(cgroup_of memory "$pid")/memory.max") "
		[ "$quota" = - ] || got+="cpu=$(tr ' ' / <"$(cgroup_of cpu "$pid")/cpu.max") "
		[ "$pids" = - ] || got+="pids=$(cat "$(cgroup_of pids "$pid")/pids.max") "
	fi
	local want=""
	[ "$mem" = - ] || want+="memory=$mem "
	[ "$quota" = - ] || want+="cpu=$quota/$period "
	[ "$pids" = - ] || want+="pids=$pids "
	if [ "$got" = "$want" ]; then
		ok "$name"
	else
		not_ok "$name" "expected $want, got $got"
	fi
}

# ---- isolation -------------------------------------------------------------------------------------------------

# own_cgroups ACTION - enter or remove this test's cgroup, a child of our own one in each mounted hierarchy
own_cgroups() {
	local line root dir name="carte-engine-$ENGINE-$ENGINE_PID"
	while read -r line; do
		set -- "$1" "${line%%|*}" "${line#*|}" # mount point | relative path
		root=$2 dir=$2${3%/}/$name
		case $1 in
		enter)
			mkdir -p "$dir" || continue
			if [ -e "$dir/cpuset.cpus" ] && [ -z "$(cat "$dir/cpuset.cpus")" ]; then
				cat "${dir%/*}/cpuset.cpus" >"$dir/cpuset.cpus"
				cat "${dir%/*}/cpuset.mems" >"$dir/cpuset.mems"
			fi
			echo "$BASHPID" >"$dir/cgroup.procs"
			;;
		remove)
			[ -d "$dir" ] || continue
			# depth first; what was just killed may need a moment to be reaped
			for _ in 1 2 3 4 5 6 7 8 9 10; do
				find "$dir" -depth -type d -exec rmdir {} + 2>/dev/null
				[ -d "$dir" ] || break
				sleep 0.2
			done
			[ ! -d "$dir" ] || echo "# $root: $dir could not be removed" >&2
			;;
		esac
	done < <(awk '
		FNR == NR { split($0, p, ":"); n = split(p[2], c, ","); for (i = 1; i <= n; i++) own[c[i]] = p[3]; if (p[2] == "") own[""] = p[3]; next }
		{
			for (i = 7; i <= NF && $i != "-"; i++);
			if ($4 != "/" || $5 !~ "^/sys/fs/cgroup") next
			if ($(i + 1) == "cgroup2") { print $5 "|" own[""]; next }
			if ($(i + 1) != "cgroup") next
			n = split($(i + 3), o, ",")
			for (j = 1; j <= n; j++) if (o[j] in own) { print $5 "|" own[o[j]]; break }
		}' /proc/self/cgroup /proc/self/mountinfo)
}

# Inside the new cgroup namespace: the same hierarchies, but rooted at our own cgroup.
remount_cgroups() {
	local list
	list=$(awk '
		{
			for (i = 7; i <= NF && $i != "-"; i++);
			if ($5 !~ "^/sys/fs/cgroup") next
			if ($(i + 1) == "cgroup2") print "cgroup2", $5, "-"
			if ($(i + 1) == "cgroup") {
				n = split($(i + 3), o, ","); opts = ""
				for (j = 1; j <= n; j++) if (o[j] != "rw" && o[j] != "ro") opts = opts (opts == "" ? "" : ",") (o[j] ~ /^name=/ ? "none," : "") o[j]
				print "cgroup", $5, opts
			}
		}' /proc/self/mountinfo)
	if [ "$list" = "cgroup2 /sys/fs/cgroup -" ]; then
		mount -t cgroup2 cgroup2 /sys/fs/cgroup
		# a cgroup with processes cannot hand controllers down
		mkdir -p /sys/fs/cgroup/init && echo 0 >/sys/fs/cgroup/init/cgroup.procs
		return
	fi
	mount -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup || return 1
	local type point opts
	while read -r type point opts; do
		mkdir -p "$point"
		if [ "$type" = cgroup2 ]; then
			mount -t cgroup2 cgroup2 "$point"
		else
			mount -t cgroup -o "$opts" cgroup "$point"
		fi || return 1
	done <<<"$list"
}

# engine_folder - what is below $W, with the runtime that logs its calls
engine_folder() {
	export HOME=$W/home
	mkdir -p "$W/home" "$W/rt" "$W/tmp" "$W/bin"
	cd "$W" || exit 1 # conmon leaves files named oom where it stands
	export PATH=$W/bin:$PATH TMPDIR=$W/tmp
	: >"$W/argv.log"
	: >"$W/out"
	: >"$W/err"
	# %q: one call is one line whatever the arguments hold
	cat >"$W/rt/carte-runtime" <<-SCRIPT
		#!/bin/bash
		printf '%q ' "\$@" >>"$W/argv.log"
		printf '\n' >>"$W/argv.log"
		exec "$RUNTIME" "\$@"
	SCRIPT
	chmod 755 "$W/rt/carte-runtime"
}

# engine_on_machine - a throw-away machine is isolation enough; the end of the script ends what the engine started
engine_on_machine() {
	runtime_find || exit 1
	W=$(mktemp -d /var/tmp/carte.XXXXXX) || exit 1
	export W
	engine_folder
	printf '# %s with %s (%s), uid %d, manager %s\n' "$ENGINE" "$RUNTIME" "$("$RUNTIME" --version | head -n 1)" "$(id -u)" "$MANAGER"
}

# engine_isolate SECONDS "$0" "$@" - call first; returns inside, in a shell that is pid 1 of its own little machine
engine_isolate() {
	local seconds=$1 status
	shift
	if [ "${CARTE_VM:-0}" = 1 ]; then
		engine_on_machine
		return
	fi
	if [ "${CARTE_ENGINE_INSIDE:-}" != 1 ]; then
		runtime_find || exit 1
		set -- "$(readlink -f "$1")" "${@:2}"
		ENGINE_PID=$$
		W=$(mktemp -d "${TMPDIR:-/var/tmp}/carte-$ENGINE.XXXXXX") || exit 1
		export W
		trap 'trap "" INT TERM; own_cgroups remove; rm -rf --one-file-system "$W"' EXIT
		trap 'exit 130' INT TERM
		(
			own_cgroups enter
			CARTE_ENGINE_INSIDE=1 exec timeout -k 5 "$seconds" \
				unshare -mnpfC --kill-child --propagation private --mount-proc -- "$@"
		)
		status=$?
		case $status in
		124 | 137)
			not_ok "$ENGINE" "stopped after $seconds s"
			[ "${CARTE_ENGINE_KEEP:-}" != 1 ] || trap - EXIT
			printf '0 passed, 1 failed, 0 skipped\n'
			;;
		esac
		exit "$status"
	fi
	runtime_find || exit 1
	remount_cgroups || {
		not_ok "$ENGINE" "cannot mount cgroup hierarchies of its own"
		engine_end
	}
	mount -t tmpfs -o mode=755 tmpfs /run && mkdir -p /run/lock
	mount -t tmpfs -o mode=1777 tmpfs /dev/shm
	mount --make-rshared /
	ip link set lo up
	unset XDG_RUNTIME_DIR DBUS_SESSION_BUS_ADDRESS NOTIFY_SOCKET
	engine_folder
	printf '# %s with %s (%s)\n' "$ENGINE" "$RUNTIME" "$("$RUNTIME" --version | head -n 1)"
}

# image_tar - $W/rootfs and $W/rootfs.tar
image_tar() {
	rootfs_busybox "$W/rootfs" || exit 1
	echo carte-image >"$W/rootfs/etc/marker"
	tar -C "$W/rootfs" -cf "$W/rootfs.tar" .
}

# no_cgroup_left NAME ERE - no folder below our cgroups matches
no_cgroup_left() {
	local left
	left=$(find /sys/fs/cgroup -mindepth 2 -type d 2>/dev/null | grep -E -- "$2" | head -n 5)
	if [ -z "$left" ]; then
		ok "$1"
	else
		not_ok "$1" "left: $left"
	fi
}
