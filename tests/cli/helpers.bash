# SPDX-License-Identifier: Apache-2.0
# helpers.bash - what every command test shares. Each test gets a bundle with a root of its own, an ID, a state root;
# its teardown removes the containers and fails the test when anything of them is left.
# shellcheck shell=bash disable=SC2034,SC2016,SC2010,SC2013,SC2119,SC2120 # variables and quotes are the tests' and jq's

TESTS=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=tests/lib/runtime.sh
. "$TESTS/lib/runtime.sh"
HELPERS=$TESTS/cli/helpers
# how many times more time things get: emulated machines are slow
SLOW=${CARTE_TEST_SLOW:-1}
# who makes the cgroups: cgroupfs, or systemd as engines on systemd hosts ask for
MANAGER=${CARTE_TEST_MANAGER:-cgroupfs}
SLICE=system.slice
[ "$(id -u)" -eq 0 ] || SLICE=user.slice
MANAGER_OPTIONS=()
[ "$MANAGER" != systemd ] || MANAGER_OPTIONS=(--systemd-cgroup)

# jq 1.6 needs 20 ms to read its own library, each time; gojq is the same language
! command -v gojq >/dev/null || jq() { gojq "$@"; }

# an ordinary user: containers get a user namespace, and cgroups only where they are delegated
ROOTLESS=0
[ "$(id -u)" -eq 0 ] || ROOTLESS=1

# once per file: the root folder that tests copy, and the unedited config.json. CARTE_TEST_MASTER: a folder that keeps
# the root for other files too; each has a copy, since owners may change in it.
setup_file() {
	runtime_find || return 1
	export MASTER=$BATS_FILE_TMPDIR/master
	mkdir -p "$MASTER"
	if [ -z "${CARTE_TEST_MASTER:-}" ]; then
		master_root "$MASTER/rootfs"
	else
		[ -d "$CARTE_TEST_MASTER/rootfs" ] || master_root "$CARTE_TEST_MASTER/rootfs"
		cp -a "$CARTE_TEST_MASTER/rootfs" "$MASTER/rootfs"
	fi
	(cd "$MASTER" && "$RUNTIME" spec)
	local cgroup=/@ID@
	[ "$ROOTLESS" = 0 ] || cgroup=@ID@
	[ "$MANAGER" != systemd ] || cgroup=$SLICE:carte-test:@ID@
	MASTER_CONFIG=$(jq '.process.terminal = false | .root.path = "rootfs" | .linux.cgroupsPath = $cgroup | .process.env += ["CARTE_TEST=@ID@"]' \
		--arg cgroup "$cgroup" "$MASTER/config.json")
	export MASTER_CONFIG
	# what is left there is the bundle that each test gets
	rm "$MASTER/config.json"
}

master_root() { # DIR
	mkdir -p "$1"
	rootfs_busybox "$1"
	keep_applets "$1/bin"
	# where there is no compiler, the build folder may have one
	"${CC:-cc}" -O1 -static -o "$1/bin/probe" "$HELPERS/probe.c" 2>/dev/null ||
		cp "${top_builddir:-/nonexistent}/tests/cli/helpers/probe" "$1/bin/probe" 2>/dev/null || rm -f "$1/bin/probe"
}

# Each test gets its links, so there are only those that tests use; the shell has all the others built in.
keep_applets() {
	local names
	names=$(cat "$TESTS"/cli/*.bats | tr -cs '[:alnum:]_[' '\n' | sort -u)
	find "$1" -type l -printf '%f\n' | grep -vxFf <(printf '%s\n' "$names") | (cd "$1" && xargs rm -f)
}

setup() {
	D=$BATS_TEST_TMPDIR
	CID=ct$$-$BATS_TEST_NUMBER-$RANDOM
	BUNDLE=$D/b
	ROOT=$D/state
	# links, not copies: nothing here writes into a file of the root
	cp -al "$MASTER" "$BUNDLE"
	printf '%s\n' "${MASTER_CONFIG//@ID@/$CID}" >"$BUNDLE/config.json"
	: >"$D/out"
	: >"$D/err"
	AGENTS=()
	type test_setup >/dev/null 2>&1 && test_setup
	return 0
}

teardown() {
	local id left="" try failed=0
	for id in "$ROOT"/*/; do
		[ -d "$id" ] || continue
		id=${id%/}
		timeout -k 1 $((10 * SLOW)) "$RUNTIME" --root "$ROOT" delete --force "${id##*/}" >/dev/null 2>>"$D/teardown" 3>&- || true
	done
	[ "${#AGENTS[@]}" -eq 0 ] || kill "${AGENTS[@]}" 2>/dev/null || true
	type test_teardown >/dev/null 2>&1 && test_teardown
	# a runtime in the foreground needs a moment to see its container die
	for try in 1 2 3 4 5 6 7 8 9 10; do
		left=$(leftovers)
		[ -n "$left" ] || break
		sleep 0.2
	done
	if [ -n "$left" ]; then
		echo "left behind: $left"
		cat "$D/teardown" 2>/dev/null
		failed=1
		clean_leftovers
	fi
	return $failed
}

# leftovers - one program and a subshell: every test pays for them
leftovers() (
	shopt -s globstar nullglob
	local path mounts
	for path in "$ROOT"/*; do echo "state: $path"; done
	grep -lasF "$CID" /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null
	for path in /sys/fs/cgroup/**/*"$CID"*/; do echo "${path%/}"; done
	mapfile mounts </proc/self/mountinfo
	[[ "${mounts[*]}" != *" $D/"* ]] || grep -F " $D/" /proc/self/mountinfo
)

# host_mounts - the mounts of the host and of this test, without those of other tests, which come and go beside it
host_mounts() {
	awk -v own="$D/" -v others="^(/run/(carte|netns)|(/tmp|/var/tmp|${BATS_RUN_TMPDIR%/*})/(bats-run-|carte))" 'index($5, own) == 1 || $5 !~ others' /proc/self/mountinfo
}

clean_leftovers() {
	local file
	for file in $(grep -lasF "$CID" /proc/[0-9]*/environ 2>/dev/null); do
		tr '\0' ' ' <"${file%/*}/cmdline" 2>/dev/null
		kill -9 "$(basename "${file%/*}")" 2>/dev/null || true
	done
	grep -F " $D/" /proc/self/mountinfo | awk '{ print $5 }' | sort -r | xargs -r umount -l 2>/dev/null || true
	find /sys/fs/cgroup -mindepth 1 -depth -type d -path "*$CID*" -exec rmdir {} + 2>/dev/null || true
}

# ---- what a test needs -------------------------------------------------------------------------------------------
requires_carte() { [ "$RUNTIME_KIND" = carte ] || skip "$RUNTIME_KIND lacks ${1:-this}"; }
requires_v1() {
	[ -d "/sys/fs/cgroup/${1:-memory}" ] || skip "no cgroup v1 ${1:-memory} hierarchy here"
	requires_root "has no cgroup v1 to put containers in"
}
on_v2() { [ -e /sys/fs/cgroup/cgroup.controllers ]; }
requires_v2() {
	on_v2 || skip "cgroup v2 is not the host's only hierarchy"
	[ -z "${1:-}" ] || grep -qw "$1" "/sys/fs/cgroup$(delegated)/cgroup.controllers" || skip "no $1 controller here"
}
# requires_cgroup CONTROLLER - by its v1 name, on whichever version
requires_cgroup() {
	local v2=$1
	requires_own_cgroup
	[ "$1" != blkio ] || v2=io
	if on_v2; then requires_v2 "$v2"; else requires_v1 "$1"; fi
}
# requires_root WHY - what an ordinary user may not, or may not prepare
requires_root() { [ "$ROOTLESS" = 0 ] || skip "an ordinary user $1"; }
# requires_own_cgroup - one that the container can be put into
requires_own_cgroup() { [ "$ROOTLESS" = 0 ] || [ -n "$(delegated)" ] || skip "no cgroup is delegated to user $(id -u)"; }
# requires_ids - ranges of ids for user namespaces: sets UID_A, UID_B and GID_A, 3000 and more host ids from each on
requires_ids() {
	UID_A=100000 UID_B=300000 GID_A=200000
	[ "$ROOTLESS" = 1 ] || return 0
	command -v newuidmap >/dev/null || skip "newuidmap is not installed"
	UID_A=$(lent_id /etc/subuid) GID_A=$(lent_id /etc/subgid) UID_B=$((UID_A + 10000))
	[ "$UID_A" != 0 ] && [ "$GID_A" != 0 ] || skip "no range in /etc/subuid and /etc/subgid for user $(id -u)"
}
lent_id() { awk -F: -v n="$(id -un)" -v u="$(id -u)" '($1 == n || $1 == u) && $3 >= 65536 && !id { id = $2 } END { print id + 0 }' "$1"; }
# requires_kernel MAJOR MINOR WHAT
requires_kernel() {
	local major minor rest
	IFS=.- read -r major minor rest </proc/sys/kernel/osrelease
	[ "$major" -gt "$1" ] || { [ "$major" -eq "$1" ] && [ "$minor" -ge "$2" ]; } || skip "$3 is of Linux $1.$2"
}
requires_file() { [ -e "/sys/fs/cgroup/$1" ] || skip "the kernel has no $1"; }
requires_probe() { [ -x "$MASTER/rootfs/bin/probe" ] || skip "no static C library to build the probe with"; }
requires_program() { command -v "$1" >/dev/null || skip "$1 is not installed"; }
requires_cgroupfs() { [ "$MANAGER" = cgroupfs ] || skip "${1:-the cgroup path is a plain one}"; }
requires_python() { requires_program python3; }

# ---- config.json -------------------------------------------------------------------------------------------------
# config JQ-PROGRAM [JQ-OPTION...]
config() {
	local program=$1
	shift
	local new
	new=$(jq "$program" "$@" <"$BUNDLE/config.json") || return 1
	# systemd has its own way to name cgroups
	if [ "$MANAGER" = systemd ] && [[ $program == *cgroupsPath* && $new == *'"cgroupsPath"'* && ! $new =~ \"cgroupsPath\":\ *\"[^\":]*: ]]; then
		skip "a cgroup path that only cgroupfs has"
	fi
	printf '%s\n' "$new" >"$BUNDLE/config.json"
}
# args ARG... - process.args. Where they still are those of `spec` no program is needed to replace them.
args() {
	local text a json="" first=$'"args": [\n      "sh"\n    ]'
	text_of text "$BUNDLE/config.json"
	if [[ $text != *"$first"* || "$*" == *[!\ -~$'\n\t']* ]]; then
		config '.process.args = $ARGS.positional' --args -- "$@"
		return
	fi
	for a; do
		a=${a//\\/\\\\} a=${a//\"/\\\"} a=${a//$'\n'/\\n} a=${a//$'\t'/\\t}
		json+=", \"$a\""
	done
	printf '%s\n' "${text/"$first"/"\"args\": [${json#, }]"}" >"$BUNDLE/config.json"
}
# script TEXT - process.args runs it by the container's shell
script() { args /bin/sh -c "$1"; }
writable() { config '.root.readonly = false'; }

# open_up - a mapped root must be able to walk to the bundle
open_up() {
	local dir=$BUNDLE
	while [ "$dir" != / ] && [ "$dir" != "${BATS_TMPDIR%/}" ]; do
		[ "$(stat -c %u "$dir")" != 0 ] || chmod go+x "$dir"
		dir=${dir%/*}
		[ -n "$dir" ] || break
	done
}
# map_ids HOST-ID SIZE - a user namespace: root is HOST-ID
map_ids() {
	local uid=$1 gid=$1
	if [ "$ROOTLESS" = 1 ]; then
		requires_ids
		uid=$UID_A gid=$GID_A
	fi
	open_up
	config '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: $u, size: $n}]
		| .linux.gidMappings = [{containerID: 0, hostID: $g, size: $n}]' --argjson u "$uid" --argjson g "$gid" --argjson n "$2"
}

# namespace TYPE [PATH] - a new one, or one joined; whatever config.json had of that type goes
namespace() {
	config '.linux.namespaces |= (map(select(.type != $t)) + [{type: $t} + (if $p == "" then {} else {path: $p} end)])' --arg t "$1" --arg p "${2:-}"
}
no_namespace() { config '.linux.namespaces |= map(select(.type != $t))' --arg t "$1"; }

# ---- running -----------------------------------------------------------------------------------------------------
# fd 3 is bats' own: a container that keeps it keeps bats waiting
rt() { timeout -k 1 $((${T:-20} * SLOW)) "$RUNTIME" --root "$ROOT" "${MANAGER_OPTIONS[@]}" "$@" 3>&-; }

# text_of VARIABLE FILE - what $(tr -d '\0' <FILE) is, without a process
text_of() {
	local parts text
	mapfile -d '' -t parts <"$2"
	printf -v text '%s' "${parts[@]}"
	printf -v "$1" '%s' "${text%"${text##*[!$'\n']}"}"
}

# try COMMAND... - sets status, out, err; stdin is $IN or empty
try() {
	status=0
	"$@" >"$D/out" 2>"$D/err" <"${IN:-/dev/null}" || status=$?
	text_of out "$D/out"
	text_of err "$D/err"
	# runc wraps its messages in a log line
	err=${err//\\\"/\"}
}

# The default verbs on this test's container; options first.
run_ct() { try rt run "$@" -b "$BUNDLE" "$CID"; }
create_ct() { try rt create "$@" -b "$BUNDLE" "$CID"; good; }
start_ct() { try rt start "$CID"; good; }
up_ct() {
	create_ct "$@"
	start_ct
}
# exec_ct ARG... - everything after the verb, options and command; the ID goes in for @
exec_ct() {
	local list=() a
	for a; do
		if [ "$a" = @ ]; then list+=("$CID"); else list+=("$a"); fi
	done
	try rt exec "${list[@]}"
}
# inside SCRIPT - run it in a container of its own, must succeed; out is what it printed
inside() {
	script "$1"
	run_ct
	good
}
# idle - a container that waits, started
idle() {
	args sleep 1000
	up_ct "$@"
}
state_of() { rt state "${2:-$CID}" | jq -r "$1"; }
pid_of() { state_of .pid "$@"; }

# ---- asserting: each prints what it saw ----------------------------------------------------------------------------
show() {
	echo "$1"
	echo "status: $status"
	echo "stdout: $out"
	echo "stderr: $err"
	return 1
}
good() { [ "$status" -eq 0 ] || show "expected success"; }
# fails_as KIND - the exit status of the manual page; other runtimes have but one
fails_as() {
	local kinds=(success failed usage document not-found exists state unsupported permission resources timeout) i
	[ "$RUNTIME_KIND" = carte ] || { exits 1; return; }
	for i in "${!kinds[@]}"; do
		[ "${kinds[i]}" != "$1" ] || { exits "$i"; return; }
	done
	show "no such kind: $1"
}
exits() { [ "$status" -eq "$1" ] || show "expected status $1"; }
prints() { [ "$out" = "$1" ] || show "expected stdout: $1"; }
has() { [[ $out == *"$1"* ]] || show "expected in stdout: $1"; }
has_not() { [[ $out != *"$1"* ]] || show "not expected in stdout: $1"; }
says() { [[ $err == *"$1"* ]] || show "expected in stderr: $1"; }
matches() { [[ $out =~ $1 ]] || show "expected on stdout: /$1/"; }
says_like() { [[ $err =~ $1 ]] || show "expected on stderr: /$1/"; }
# refused TEXT... - the verb failed, said this, and left no container
refused() {
	[ "$status" -ne 0 ] || show "expected a failure"
	local text
	for text; do says "$text"; done
	[ ! -e "$ROOT/$CID" ] || show "the container was left: $(ls "$ROOT/$CID")"
}
# not COMMAND... - "! command" never fails a test, unless it is its last one: errexit passes over it (bash(1), set -e)
not() {
	if "$@"; then
		echo "should have failed: $*"
		return 1
	fi
}
same() { [ "$1" = "$2" ] || {
	echo "expected: $2"
	echo "got:      $1"
	return 1
}; }
await() {
	local end=$((SECONDS + $1 * SLOW))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || {
			echo "waited in vain for: $*"
			return 1
		}
		sleep 0.05
	done
}
status_is() { [ "$(state_of .status)" = "$1" ]; }
await_status() { await 5 status_is "$1"; }

# gone PID - ended; a zombie waits for whoever runs the tests
gone() { [ ! -e "/proc/$1" ] || grep -q '^State:.Z' "/proc/$1/status"; }
count_ps() { [ "$(rt ps --format json "$CID" | jq length)" = "$1" ]; }

# ---- cgroups -----------------------------------------------------------------------------------------------------
# cgroup_dir CONTROLLER - of a process in this test's container (v1: memory, ...; v2: unified)
cgroup_dir() {
	local path=/$CID
	if [ "$MANAGER" = systemd ]; then path=/$SLICE/carte-test-$CID.scope; fi
	if on_v2; then echo "/sys/fs/cgroup$(delegated)$path"; else echo "/sys/fs/cgroup/$1$path"; fi
}
# delegated - where an ordinary user's containers go on v2: beside his own cgroup or in it; empty: nowhere, and for root
delegated() {
	local own dir
	[ "$ROOTLESS" = 1 ] && on_v2 || return 0
	[ "$MANAGER" != systemd ] || { echo "/user.slice/user-$(id -u).slice/user@$(id -u).service" && return 0; }
	own=$(sed -n 's/^0:://p' /proc/self/cgroup)
	[ "$own" != / ] || own=
	if [ "$(getfattr --only-values -n user.delegate "/sys/fs/cgroup$own" 2>/dev/null)" != 1 ]; then
		dir=${own%/*}
		[ -n "$dir" ] && [ -w "/sys/fs/cgroup$dir" ] && [ -w "/sys/fs/cgroup$dir/cgroup.procs" ] && echo "$dir" && return 0
	fi
	[ ! -w "/sys/fs/cgroup$own/cgroup.procs" ] || [ ! -w "/sys/fs/cgroup$own" ] || echo "$own"
}
cgroup_value() { cat "$(cgroup_dir "$1")/$2"; }
# weight_of SHARES - cpu.weight as the spec of the conversion has it
weight_of() { awk -v s="$1" 'BEGIN { l = log(s) / log(2); w = exp(log(10) * ((l * l + 125 * l) / 612 - 7 / 34)); n = int(w); print (w - n > 1e-6 ? n + 1 : n) }'; }
# cgroup_holds CONTROLLER FILE WANT - FILE and WANT as they are on v1; on v2 the file that has it, and what it then says
cgroup_holds() {
	local got file=$2 want=$3
	if on_v2; then
		case $2 in
		memory.limit_in_bytes) file=memory.max ;;
		memory.soft_limit_in_bytes) file=memory.low ;;
		cpu.shares) file=cpu.weight want=$(weight_of "$3") ;;
		cpu.cfs_quota_us | cpu.cfs_period_us) file=cpu.max ;;
		cpu.cfs_burst_us) file=cpu.max.burst ;;
		esac
	fi
	got=$(cgroup_value "$1" "$file")
	case $file:$2 in
	cpu.max:cpu.cfs_quota_us) got=${got% *} ;;
	cpu.max:cpu.cfs_period_us) got=${got#* } ;;
	esac
	[ "$file" = "$2" ] || [ "$want" != -1 ] || want=max
	[ "$got" = "$want" ] || {
		echo "$1/$file: expected '$want', got '$got'"
		return 1
	}
}

# agent KIND - start a helper at $D/KIND.sock writing to $D/KIND
agent() {
	python3 "$HELPERS/agent" "$1" "$D/$1.sock" "$D/$1" 2>"$D/$1.err" 3>&- &
	AGENTS+=($!)
	await 5 test -e "$D/$1.ready"
}
