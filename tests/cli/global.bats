#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Global options, logs, spec, features, --version, events: what engines pass and parse.
load helpers

@test "--version: first line NAME version X, commit, spec" {
	try "$RUNTIME" --version
	good
	matches "^(carte-runtime|runc|crun) version [^ ]+"
	has "spec: "
	[ "$RUNTIME_KIND" != carte ] || has "commit: "
	same "$err" ""
	try "$RUNTIME" -v
	good
}

@test "--help: of the program and of each verb, on stdout" {
	local verb
	try "$RUNTIME" --help
	good
	for verb in create start run state kill delete exec ps list pause resume update events stats spec features; do
		try "$RUNTIME" --help
		has "$verb"
		try "$RUNTIME" $verb --help
		good
		[ -n "$out" ] || show "$verb --help prints nothing"
	done
}

@test "no verb, unknown verb, unknown option" {
	try "$RUNTIME" nosuchverb
	[ "$status" -ne 0 ]
	try "$RUNTIME" --no-such-option list
	[ "$status" -ne 0 ]
	try "$RUNTIME" create --no-such-option "$CID"
	[ "$status" -ne 0 ]
	[ "$RUNTIME_KIND" != carte ] || says no-such-option
}

@test "long options with one dash, = and space, in any order" {
	args sleep 1000
	try "$RUNTIME" -root="$ROOT" create -bundle "$BUNDLE" -pid-file="$D/pid" "$CID"
	good
	[ -s "$D/pid" ]
	try "$RUNTIME" --root="$ROOT" state "$CID"
	good
	try "$RUNTIME" --root "$ROOT" delete -force "$CID"
	good
	try "$RUNTIME" --root "$ROOT" create --pid-file "$D/pid" --bundle="$BUNDLE" "$CID"
	good
}

@test "--root: made when missing, with parents; / refused" {
	args true
	ROOT=$D/x/y/z
	try rt run -b "$BUNDLE" "$CID"
	good
	[ -d "$D/x/y/z" ]
	requires_carte "the refusal in all verbs"
	try "$RUNTIME" --root / list
	[ "$status" -ne 0 ]
}

@test "--root: relative paths" {
	idle
	cd "$D"
	try "$RUNTIME" --root state state "$CID"
	good
}

@test "an almost empty environment is enough" {
	args sleep 1000
	try env -i "$RUNTIME" --root "$ROOT" create -b "$BUNDLE" "$CID"
	good
	try env -i "$RUNTIME" --root "$ROOT" start "$CID"
	good
	try env -i "$RUNTIME" --root "$ROOT" kill "$CID" 9
	good
	await_status stopped
	try env -i "$RUNTIME" --root "$ROOT" delete "$CID"
	good
}

@test "\$XDG_RUNTIME_DIR: not the root's place for a real root" {
	try env XDG_RUNTIME_DIR="$D/xdg" "$RUNTIME" list
	good
}

@test "stdin and stdout may be closed" {
	args true
	timeout 10 "$RUNTIME" --root "$ROOT" run -b "$BUNDLE" "$CID" <&- >&- 2>"$D/err" 3>&-
}

@test "--log --log-format json: exactly one object, words on stderr as well" {
	try rt --log "$D/log" --log-format json state "$CID"
	fails_as not-found
	says "container does not exist"
	same "$(jq -s length "$D/log")" 1
	same "$(jq -r .level "$D/log")" error
	jq -r .msg "$D/log" | grep -q 'container does not exist'
	jq -r .time "$D/log" | grep -Eq '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})$'
}

@test "--log: a line with an unknown global option is logged where the rest of it says" {
	requires_carte
	try "$RUNTIME" --log "$D/log" --log-format=json --frob list
	fails_as usage
	says "unknown option --frob"
	same "$(jq -r .msg "$D/log")" "unknown option --frob"
}

@test "empty values of options are none" {
	args true
	try rt --log= --log-format "" run --pid-file "" --console-socket= -b "$BUNDLE" "$CID"
	good
	requires_carte
	try rt run --config= --pidfd-socket "" -b "$BUNDLE" "$CID"
	good
}

@test "--log-level: only what is documented" {
	requires_carte
	local level
	for level in error warning info debug; do
		try rt --log-level "$level" list
		good
	done
	try rt --log-level=loud list
	fails_as usage
	says "unknown log level 'loud': expected error, warning, info or debug"
}

@test "--version, --help: a full disk is a failure" {
	requires_carte
	local option
	for option in --version --help; do
		status=0
		"$RUNTIME" "$option" >/dev/full 2>"$D/err" || status=$?
		exits 1
		grep -q 'write to stdout: No space left on device' "$D/err"
	done
}

@test "the ID is a file name: 255 bytes" {
	args true
	local id
	id=$(printf 'i%.0s' {1..255})
	try rt run -b "$BUNDLE" "$id"
	good
	try rt run -b "$BUNDLE" "i$id"
	exits 1
	requires_carte
	says "expected 1 to 255 of"
}

@test "--log json: create that fails, message with quotes and control characters" {
	args $'/no"such\tprogram\\x'
	try rt --log="$D/log" --log-format=json create -b "$BUNDLE" "$CID"
	exits 1
	same "$(jq -s 'map(select(.level == "error")) | length' "$D/log")" 1
	jq -r .msg "$D/log" | grep -q 'no such file or directory'
	[ ! -e "$ROOT/$CID" ]
}

@test "--log json: silence on success" {
	args true
	try rt --log "$D/log" --log-format json run -b "$BUNDLE" "$CID"
	good
	[ ! -s "$D/log" ] || show "$(cat "$D/log")"
}

@test "--log json: one object though the exec fails inside" {
	idle
	try rt --log "$D/log" --log-format json exec "$CID" no-such-program
	exits 255
	same "$(jq -s length "$D/log")" 1
	jq -r .msg "$D/log" | grep -q 'exec: "no-such-program": executable file not found in \$PATH'
}

@test "--log: appended to" {
	try rt --log "$D/log" --log-format json state "$CID"
	try rt --log "$D/log" --log-format json state "$CID"
	same "$(jq -s length "$D/log")" 2
}

@test "--log text" {
	try rt --log "$D/log" state "$CID"
	fails_as not-found
	grep -q 'container does not exist' "$D/log"
}

@test "--log in a folder that is gone: delete --force is no crash" {
	try rt --log "$D/gone/log" --log-format json delete --force "$CID"
	[ "$status" -lt 128 ] || [ "$status" -eq 255 ] || show "crashed"
	[ ! -e "$D/gone" ]
}

@test "--log-format: unknown" {
	try rt --log-format xml state "$CID"
	fails_as usage
}

@test "--debug says more, and does not break the error" {
	try rt --debug state "$CID"
	fails_as not-found
	says "container does not exist"
}

@test "an error is one line on stderr" {
	requires_carte
	try rt state "$CID"
	same "$(wc -l <"$D/err")" 1
	matches '^$'
	says "carte-runtime: state '$CID': container does not exist"
	config '.mounts[0].destination = 7'
	try rt create -b "$BUNDLE" "$CID"
	same "$err" "carte-runtime: create '$CID': config.json: mounts[0].destination: expected string, got number"
}

@test "no-op options are accepted" {
	requires_carte
	args true
	try rt --rootless auto run --no-subreaper --no-new-keyring -b "$BUNDLE" "$CID"
	good
	args sleep 1000
	try rt --rootless=false --log-level=error create --no-subreaper -b "$BUNDLE" "$CID"
	good
}

@test "spec: runs as it is" {
	mkdir "$D/s"
	cd "$D/s"
	try "$RUNTIME" spec
	good
	jq -e '.ociVersion and .root.path == "rootfs" and .process.args == ["sh"]' config.json
	# nothing inheritable or ambient by default (CVE-2022-29162)
	[ "$RUNTIME_KIND" != carte ] || jq -e '(.process.capabilities.inheritable // []) == [] and (.process.capabilities.ambient // []) == []' config.json
	try "$RUNTIME" spec
	fails_as exists
	says "exists"
}

@test "spec -b, --rootless" {
	mkdir "$D/s"
	try "$RUNTIME" spec -b "$D/s" --rootless
	good
	jq -e '.linux.uidMappings[0].size == 1 and ([.linux.namespaces[].type] | index("user")) != null and (.linux | has("resources") | not)' "$D/s/config.json"
}

@test "features: what engines look at, nothing on stderr" {
	try "$RUNTIME" features
	good
	same "$err" ""
	jq -e '.ociVersionMin and .ociVersionMax' "$D/out"
	jq -e '.mountOptions | index("rro") and index("rbind") and index("ro")' "$D/out"
	jq -e '.hooks | index("createRuntime") and index("poststop")' "$D/out"
	jq -e '.linux.namespaces | index("user") and index("pid")' "$D/out"
	jq -e '.linux.capabilities | index("CAP_SYS_ADMIN")' "$D/out"
	jq -e '.linux.cgroup.v1 == true' "$D/out"
	jq -e '.linux.seccomp.enabled == true and (.linux.seccomp.actions | index("SCMP_ACT_ERRNO"))' "$D/out"
	requires_carte "1.3 features"
	jq -e '.linux.mountExtensions.idmap.enabled == true' "$D/out"
	jq -e '.linux.namespaces | index("time") and index("cgroup")' "$D/out"
	jq -e '.ociVersionMax | startswith("1.3")' "$D/out"
	jq -e '.linux.intelRdt.enabled == true and .linux.netDevices.enabled == true' "$D/out"
}

@test "events --stats: one object of the kernel's figures" {
	requires_own_cgroup
	requires_v1 memory
	config '.linux.resources.memory.limit = 67108864 | .linux.resources.pids.limit = 33'
	idle
	try rt events --stats "$CID"
	good
	jq -e --arg id "$CID" '.type == "stats" and .id == $id' "$D/out"
	jq -e '.data.memory.usage.limit == 67108864 and .data.memory.usage.usage > 0' "$D/out"
	jq -e '.data.pids.current >= 1 and .data.pids.limit == 33' "$D/out"
	jq -e '.data.cpu.usage.total > 0' "$D/out"
}

@test "events: a line per interval, ends with the container" {
	requires_own_cgroup
	idle
	timeout 20 "$RUNTIME" --root "$ROOT" events --interval 100ms "$CID" >"$D/ev" 2>&1 </dev/null 3>&- &
	local job=$!
	await 5 sh -c "[ \$(grep -c '\"stats\"' $D/ev) -ge 2 ]"
	rt delete --force "$CID"
	await 5 gone $job
	same "$(jq -r .type "$D/ev" | sort -u)" stats
}

@test "events: OOM" {
	requires_own_cgroup
	requires_v1 memory
	config '.linux.resources.memory = {limit: 8388608, swap: 8388608}'
	script 'while :; do dd if=/dev/zero of=/dev/null bs=32M count=1 2>/dev/null; sleep 0.1; done'
	create_ct
	timeout 20 "$RUNTIME" --root "$ROOT" events --interval 100s "$CID" >"$D/ev" 2>&1 </dev/null 3>&- &
	AGENTS+=($!)
	sleep 0.3
	start_ct
	await 5 grep -q '"oom"' "$D/ev"
	jq -s -e --arg id "$CID" 'map(select(.type == "oom")) | .[0].id == $id' "$D/ev"
}

@test "events: unknown or stopped container" {
	try rt events --stats "$CID"
	fails_as not-found
	says "container does not exist"
	args true
	up_ct
	await_status stopped
	try rt events --stats "$CID"
	fails_as state
	says "not running"
}
