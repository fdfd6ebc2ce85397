#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Hooks: six kinds, their order, namespaces and stdin; what happens when one fails.
load helpers

kinds="prestart createRuntime createContainer startContainer poststart poststop"

# hook KIND SCRIPT - one more hook of the host's shell; in the container's namespaces the container's shell
hook() {
	config '.hooks[$k] += [{path: "/bin/sh", args: ["sh", "-c", $s]}]' --arg k "$1" --arg s "$2"
}
log_all() {
	local kind
	for kind in prestart createRuntime createContainer startContainer poststart poststop; do hook $kind "$1"; done
}

@test "hooks: all six kinds, in order, each several times" {
	writable
	bind_log
	local kind
	for kind in $kinds; do
		hook $kind "echo $kind 1 >>$D/log/l"
		hook $kind "echo $kind 2 >>$D/log/l"
	done
	script "echo process >>$D/log/l"
	create_ct
	same "$(cut -d' ' -f1 "$D/log/l" | grep -v poststart | uniq | tr '\n' ' ')" "prestart createRuntime createContainer "
	start_ct
	await_status stopped
	try rt delete "$CID"
	good
	# the program starts after startContainer's hooks
	same "$(grep -nE 'process|startContainer' "$D/log/l" | cut -d: -f2 | cut -d' ' -f1 | uniq | tr '\n' ' ')" "startContainer process "
	requires_carte "poststart at start"
	same "$(grep -v process "$D/log/l" | tr '\n' ',')" "prestart 1,prestart 2,createRuntime 1,createRuntime 2,createContainer 1,createContainer 2,startContainer 1,startContainer 2,poststart 1,poststart 2,poststop 1,poststop 2,"
}

# the log folder is at the same path inside and outside
bind_log() {
	mkdir -p "$D/log"
	chmod 777 "$D/log"
	config '.mounts += [{type: "bind", source: $d, destination: $d, options: ["bind"]}]' --arg d "$D/log"
}

@test "hooks: of run" {
	bind_log
	local kind
	writable
	for kind in $kinds; do hook $kind "echo $kind >>$D/log/l"; done
	script 'sleep 0.3'
	run_ct
	good
	same "$(sort "$D/log/l" | tr '\n' ' ')" "createContainer createRuntime poststart poststop prestart startContainer "
	requires_carte "poststart at start"
	same "$(tr '\n' ' ' <"$D/log/l")" "prestart createRuntime createContainer startContainer poststart poststop "
}

@test "hooks: namespaces" {
	bind_log
	local kind
	writable
	for kind in $kinds; do hook $kind "echo $kind \$(readlink /proc/self/ns/net) >>$D/log/net; echo $kind \$(cat /etc/inside 2>/dev/null || echo host) >>$D/log/root"; done
	echo container >"$BUNDLE/rootfs/etc/inside"
	script "readlink /proc/self/ns/net >$D/log/own; sleep 0.2"
	run_ct
	good
	local host own
	host=$(readlink /proc/self/ns/net)
	own=$(cat "$D/log/own")
	same "$(sort "$D/log/net")" "createContainer $own
createRuntime $host
poststart $host
poststop $host
prestart $host
startContainer $own"
	# createContainer: the container's namespaces, but the host's files
	same "$(sort "$D/log/root")" "createContainer host
createRuntime host
poststart host
poststop host
prestart host
startContainer container"
}

@test "hooks: the state on stdin" {
	bind_log
	local kind
	writable
	config '.annotations = {"a.b": "c"}'
	for kind in $kinds; do hook $kind "cat >$D/log/$kind"; done
	args sleep 1000
	up_ct
	local pid
	pid=$(pid_of)
	rt kill "$CID" KILL
	await_status stopped
	rt delete "$CID"
	for kind in $kinds; do
		jq -e --arg id "$CID" --arg b "$BUNDLE" '.id == $id and .bundle == $b and .annotations["a.b"] == "c" and (.ociVersion | length > 0)' "$D/log/$kind" || {
			echo "$kind: $(cat "$D/log/$kind")"
			return 1
		}
	done
	same "$(jq -r .status "$D/log/prestart")$(jq -r .status "$D/log/createRuntime")" creatingcreating
	[ "$RUNTIME_KIND" != carte ] || same "$(jq -r .status "$D/log/poststart")" running
	same "$(jq -r .status "$D/log/poststop")" stopped
	same "$(jq -r .pid "$D/log/createRuntime")" "$pid"
	same "$(jq -r .pid "$D/log/poststart")" "$pid"
}

@test "hooks: createContainer comes when the mounts are made, before pivot_root" {
	bind_log
	mkdir "$D/src"
	echo x >"$D/src/f"
	config '.mounts += [{type: "bind", source: $s, destination: "/mnt", options: ["bind"]}]' --arg s "$D/src"
	# the root is mounted, not yet pivoted to: paths below it are still the host's
	hook createContainer "cat $BUNDLE/rootfs/mnt/f >$D/log/seen 2>&1"
	args true
	run_ct
	good
	same "$(cat "$D/log/seen")" x
}

@test "hooks: createContainer starts in the root" {
	bind_log
	hook createContainer "pwd >$D/log/pwd"
	args true
	run_ct
	good
	same "$(cat "$D/log/pwd")" "$(readlink -f "$BUNDLE")/rootfs"
}

@test "hooks: env is exactly its own; args and path are its own" {
	bind_log
	config '.hooks.createRuntime = [{path: "/bin/sh", args: ["other-name", "-c", $s], env: ["ONLY=this"]}]' --arg s "cat /proc/\$\$/environ | tr '\\0' '\\n' >$D/log/env; tr '\\0' ' ' </proc/\$\$/cmdline >$D/log/cmd"
	args true
	FROM_CALLER=1 run_ct
	good
	grep -q ONLY=this "$D/log/env"
	not grep -q FROM_CALLER "$D/log/env"
	grep -q '^other-name -c' "$D/log/cmd"
}

@test "hooks: a failing one before start: error with its words, nothing left" {
	local kind
	for kind in prestart createRuntime createContainer; do
		config '.hooks = {}'
		hook $kind 'echo some words >&2; exit 3'
		args true
		try rt create -b "$BUNDLE" "$CID"
		refused
		says "exit status 3"
		says "some words"
		[ "$RUNTIME_KIND" != carte ] || says "hooks.$kind[0]: /bin/sh"
	done
}

@test "hooks: a failing startContainer hook stops the container" {
	hook startContainer 'exit 3'
	args sleep 1000
	create_ct
	try rt start "$CID"
	[ "$RUNTIME_KIND" != carte ] || exits 1
	await_status stopped
}

@test "hooks: a failing poststart: the spec says stop, runtimes log; never hangs" {
	hook poststart 'exit 3'
	args sleep 1000
	try rt create -b "$BUNDLE" "$CID"
	[ "$RUNTIME_KIND" != carte ] || good
	[ "$RUNTIME_KIND" = carte ] || return 0
	try rt start "$CID"
	says poststart
}

@test "hooks: a failing poststop does not keep delete from deleting" {
	bind_log
	hook poststop 'exit 3'
	hook poststop "echo second >$D/log/second"
	args true
	up_ct
	await_status stopped
	try rt delete "$CID"
	[ ! -e "$ROOT/$CID" ]
	requires_carte "running the hooks after a failed one"
	await 2 test -e "$D/log/second"
}

@test "hooks: poststart runs at start, not at create" {
	requires_carte "poststart at start"
	bind_log
	hook poststart "echo ran >$D/log/ran"
	args sleep 1000
	create_ct
	[ ! -e "$D/log/ran" ]
	start_ct
	same "$(cat "$D/log/ran")" ran
}

@test "hooks: timeout kills it with its children" {
	requires_carte "the death of the children"
	config '.hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c", $s], timeout: 1}]' --arg s "sleep 30 & echo \$! >$D/hookpid; sleep 30"
	args true
	local begin=$SECONDS
	try rt create -b "$BUNDLE" "$CID"
	refused
	[[ ${err,,} == *time*out* || ${err,,} == *"timed out"* || $err == *timeout* ]] || show "says so"
	[ $((SECONDS - begin)) -lt 10 ]
	await 2 gone "$(cat "$D/hookpid")"
}

@test "hooks: path must be absolute, program must be there" {
	args true
	config '.hooks.createRuntime = [{path: "relative"}]'
	run_ct
	refused
	config '.hooks.createRuntime = [{path: "/nosuch-hook"}]'
	run_ct
	refused nosuch-hook
	config '.hooks.createRuntime = [{path: "/bin/sh", timeout: 0}]'
	run_ct
	[ "$RUNTIME_KIND" != carte ] || refused hooks.createRuntime
}

@test "hooks: one that does not read its stdin" {
	config '.hooks.createRuntime = [{path: "/bin/true"}] | .annotations = ([range(2000) | {key: "k\(.)", value: "a long value so that the pipe is full, \(.)"}] | from_entries)'
	args echo fine
	run_ct
	good
	prints fine
}

@test "hooks: descriptors of the runtime are not theirs" {
	bind_log
	hook createRuntime "ls -l /proc/self/fd | awk '{ print \$9, \$11 }' >$D/log/fds"
	args true
	run_ct
	good
	not grep -E 'cgroup|state|rootfs|ns:' "$D/log/fds"
}

@test "hooks: a caller that ignores SIGCHLD" {
	requires_carte "a SIGCHLD of its own"
	requires_python
	config '.hooks.prestart = [{path: "/bin/true"}] | .hooks.poststart = .hooks.prestart | .hooks.poststop = .hooks.prestart'
	args sleep 1000
	for verb in "create -b $BUNDLE $CID" "start $CID" "exec -d $CID sleep 1000" "delete --force $CID"; do
		# shellcheck disable=SC2086 # words
		try timeout 10 python3 -c 'import os, signal, sys
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
os.execv(sys.argv[1], sys.argv[1:])' "$RUNTIME" --root "$ROOT" $verb
		good
	done
}
