#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Failures for programs: exit statuses, and the members of the JSON log beside level, msg and time.

load helpers

page=${top_srcdir:-$BATS_TEST_DIRNAME/../..}/man/carte-runtime.8.md

test_setup() { requires_carte "kinds of failures"; }

# logged KIND CODE FILE PATH HINT - the one object of the log; "-": the member is not there
logged() {
	local keys=(kind code file path hint) i
	same "$(jq -s length "$D/log")" 1
	same "$(command jq -r 'keys_unsorted[:3] | join(" ")' "$D/log")" "level msg time"
	same "$(jq -r .level "$D/log")" error
	# the words are those of stderr, which has the program's name before them
	same "carte-runtime: $(jq -r .msg "$D/log")" "$err"
	for i in "${!keys[@]}"; do
		same "${keys[i]} $(jq -r --arg k "${keys[i]}" '.[$k] // "-"' "$D/log")" "${keys[i]} ${*:i+1:1}"
	done
}
fail() { # VERB... - with a fresh log
	rm -f "$D/log"
	try rt --log "$D/log" --log-format json "$@"
}

@test "usage: an unknown command, global option, option, value" {
	fail frob
	fails_as usage
	logged usage EINVAL - - -
	same "$err" "carte-runtime: unknown command 'frob'; 'carte-runtime --help' lists them"
	fail --frob list
	fails_as usage
	logged usage EINVAL - - -
	fail state --frob "$CID"
	fails_as usage
	logged usage EINVAL - - "'carte-runtime state --help' lists its options"
	fail list --format xml
	fails_as usage
	logged usage EINVAL - - -
	fail kill "$CID" FROB
	fails_as usage
	fail state a/b
	fails_as usage
}

@test "document: the place in config.json, a syntax error, a bundle without one" {
	config '.linux.resources.memory.swap = "1g"'
	fail create -b "$BUNDLE" "$CID"
	fails_as document
	logged document EINVAL config.json linux.resources.memory.swap -
	same "$err" "carte-runtime: create '$CID': config.json: linux.resources.memory.swap: expected integer, got string"
	echo '{' >"$BUNDLE/config.json"
	fail create -b "$BUNDLE" "$CID"
	fails_as document
	logged document EINVAL config.json - -
	rm "$BUNDLE/config.json"
	fail create -b "$BUNDLE" "$CID"
	fails_as document
	logged document ENOENT "$BUNDLE/config.json" - "give the folder of config.json by --bundle"
}

@test "document: a place that only the plan finds wrong" {
	config '.mounts += [{destination: "/", type: "tmpfs", source: "tmpfs"}]'
	fail create -b "$BUNDLE" "$CID"
	fails_as document
	logged document EINVAL config.json "mounts[$(jq '.mounts | length - 1' "$BUNDLE/config.json")].destination" -
}

@test "document: a place that only the container's process finds wrong" {
	config '.mounts += [{destination: "/m", type: "bind", source: $d, options: ["bind"]}]' --arg d "$D/nosuch"
	fail create -b "$BUNDLE" "$CID"
	fails_as document
	logged document ENOENT config.json "mounts[$(jq '.mounts | length - 1' "$BUNDLE/config.json")]" -
	[ ! -e "$ROOT/$CID" ]
}

@test "document: --config and --process name another one" {
	jq '.process.args = 5' "$BUNDLE/config.json" >"$BUNDLE/other.json"
	fail create -b "$BUNDLE" --config other.json "$CID"
	fails_as document
	logged document EINVAL other.json process.args -
	idle
	echo '{"args": ["true"], "cwd": "x"}' >"$D/p.json"
	fail exec --process "$D/p.json" "$CID"
	exits 255
	logged document EINVAL "$D/p.json" cwd -
}

@test "document: resources of update" {
	idle
	echo '{"memory": {"limit": "x"}}' >"$D/r.json"
	fail update --resources "$D/r.json" "$CID"
	fails_as document
	logged document EINVAL "$D/r.json" memory.limit -
}

@test "not-found, exists, state" {
	fail state "$CID"
	fails_as not-found
	logged not-found ENOENT - - "'list' shows the containers of this --root"
	idle
	fail create -b "$BUNDLE" "$CID"
	fails_as exists
	logged exists EEXIST - - "'delete' it, or choose another ID"
	fail start "$CID"
	fails_as state
	logged state EINVAL - - -
	fail delete "$CID"
	fails_as state
	logged state EINVAL - - "--force kills it first"
	rt kill "$CID" KILL
	await_status stopped
	fail kill "$CID"
	fails_as state
	logged state ESRCH - - -
}

@test "permission: an ordinary user and somebody else's state" {
	requires_program setpriv
	requires_root "becomes no other user"
	args sleep 1000
	create_ct
	chmod 700 "$ROOT"
	try setpriv --reuid 65534 --regid 65534 --clear-groups "$RUNTIME" --root "$ROOT" state "$CID"
	fails_as permission
	same "$err" "carte-runtime: state '$CID': open $ROOT/$CID/state.json: Permission denied"
}

@test "resources: no file descriptor left" {
	args true
	try sh -c 'ulimit -n 3 && exec "$@"' sh "$RUNTIME" --root "$ROOT" create -b "$BUNDLE" "$CID"
	[[ $err != *"loading shared libraries"* ]] || skip "this build loads shared libraries, for which there are no descriptors"
	fails_as resources
	says "Too many open files"
}

@test "run and exec keep 1 and 255, whatever it was: other statuses are the program's" {
	config '.process.args = 5'
	fail run -b "$BUNDLE" "$CID"
	exits 1
	logged document EINVAL config.json process.args -
	fail run --frob "$CID"
	exits 1
	fail exec "$CID" true
	exits 255
	logged not-found ENOENT - - "'list' shows the containers of this --root"
	fail exec --frob "$CID" true
	exits 255
	logged usage EINVAL - - "'carte-runtime exec --help' lists its options"
}

@test "unsupported: a hint crosses from the container's process" {
	config '.mounts += [{destination: "/m", type: "nosuchfs", source: "x"}]'
	fail create -b "$BUNDLE" "$CID"
	fails_as unsupported
	logged unsupported ENODEV config.json "mounts[$(jq '.mounts | length - 1' "$BUNDLE/config.json")]" \
		"/proc/filesystems lists them; a module may be missing"
}

@test "the text log is as it was" {
	try rt --log "$D/log" state "$CID"
	fails_as not-found
	same "$(wc -l <"$D/log")" 1
	grep -Eqx "time=\"[^\"]+\" level=error msg=\"state '$CID': container does not exist\"" "$D/log"
}

@test "what the engines decode: podman's struct and containerd's stream" {
	requires_python
	config '.process.args = 5'
	fail create -b "$BUNDLE" "$CID"
	python3 - "$D/log" <<'PY'
import datetime, json, sys

# podman: one object in the whole file. containerd: a stream, the last one of level "error"
text = open(sys.argv[1]).read()
one = json.loads(text)
assert one["level"] == "error" and one["msg"].startswith("create '"), one
datetime.datetime.fromisoformat(one["time"].replace("Z", "+00:00")[:26] + "+00:00")
assert all(isinstance(value, str) for value in one.values()), one
assert list(one) == ["level", "msg", "time", "code", "kind", "file", "path"], list(one)
PY
}

@test "the manual page lists every status and kind" {
	local n kind
	while read -r n kind; do
		grep -A1 -Fx "**$n**, **$kind**" "$page" | grep -q '^: ' || show "not in the manual page: $n $kind"
	done <<-'LIST'
		1 failed
		2 usage
		3 document
		4 not-found
		5 exists
		6 state
		7 unsupported
		8 permission
		9 resources
		10 timeout
	LIST
}
