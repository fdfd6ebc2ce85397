#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# linux.seccomp: what the program meets.
load helpers

# seccomp JSON
seccomp() { config '.linux.seccomp = $s' --argjson s "$1"; }

@test "seccomp: errno, with and without a number" {
	seccomp '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO"}, {"names": ["rmdir"], "action": "SCMP_ACT_ERRNO", "errnoRet": 40}]}'
	inside 'mkdir /tmp/a 2>&1; rmdir /tmp/b 2>&1; grep Seccomp: /proc/self/status'
	has "Operation not permitted"
	has "Too many levels of symbolic links"
	has $'Seccomp:\t2'
}

@test "seccomp: deny by default, a realistic allow list" {
	[ -e /usr/share/containers/seccomp.json ] || skip "no /usr/share/containers/seccomp.json"
	seccomp '{"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38, "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"], "syscalls": []}'
	jq '[.syscalls[] | select(.action == "SCMP_ACT_ALLOW" and ((.includes // {}) | keys - ["arches"] == [])) | {names, action} + (if (.args // []) | length > 0 then {args} else {} end)]' /usr/share/containers/seccomp.json >"$D/allow"
	config '.linux.seccomp.syscalls = $a[0]' --slurpfile a "$D/allow"
	inside 'echo runs'
	has runs
}

@test "seccomp: args" {
	requires_probe
	# getpriority(which, who): only which == 1 (PRIO_PGRP) is refused
	seccomp '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["getpriority"], "action": "SCMP_ACT_ERRNO", "errnoRet": 99, "args": [{"index": 0, "value": 1, "op": "SCMP_CMP_EQ"}]}]}'
	inside 'probe syscall 140 0 0; probe syscall 140 1 0'
	prints $'ok\nerrno=99'
}

@test "seccomp: args, masked, twice the same index" {
	requires_probe
	seccomp '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
		{"names": ["getpriority"], "action": "SCMP_ACT_ERRNO", "errnoRet": 98, "args": [{"index": 1, "value": 240, "valueTwo": 16, "op": "SCMP_CMP_MASKED_EQ"}]},
		{"names": ["getsid"], "action": "SCMP_ACT_ERRNO", "errnoRet": 97, "args": [{"index": 0, "value": 5, "op": "SCMP_CMP_EQ"}, {"index": 0, "value": 7, "op": "SCMP_CMP_EQ"}]}]}'
	inside 'probe syscall 140 0 0x10; probe syscall 140 0 0x1f; probe syscall 140 0 0; probe syscall 124 5; probe syscall 124 7; probe syscall 124 0'
	prints $'errno=98\nerrno=98\nok\nerrno=97\nerrno=97\nok'
}

@test "seccomp: kill process" {
	seccomp '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_KILL_PROCESS"}]}'
	args mkdir /tmp/x
	run_ct
	exits 159
}

@test "seccomp: flags" {
	requires_carte flags
	seccomp '{"defaultAction": "SCMP_ACT_ALLOW", "flags": ["SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_TSYNC"], "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO"}]}'
	inside 'mkdir /tmp/a 2>&1; grep -i Speculation_Store_Bypass /proc/self/status'
	has "Operation not permitted"
	config '.linux.seccomp.flags = ["SECCOMP_FILTER_FLAG_NOSUCH"]'
	run_ct
	refused SECCOMP_FILTER_FLAG_NOSUCH
}

@test "seccomp: trap, log" {
	seccomp '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_TRAP"}, {"names": ["getppid"], "action": "SCMP_ACT_LOG"}]}'
	args mkdir /tmp/x
	run_ct
	exits 159
	inside 'echo $PPID'
	prints 0
}

@test "seccomp: without no_new_privs, as another user" {
	requires_ids
	config '.process.noNewPrivileges = false | .process.user.uid = 1000'
	seccomp '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 40}]}'
	inside 'mkdir /tmp/a 2>&1; grep -E "Seccomp:|NoNewPrivs" /proc/self/status'
	has "Too many levels"
	has $'NoNewPrivs:\t0'
	has $'Seccomp:\t2'
}

@test "seccomp: the runtime's own steps are not hindered" {
	# everything that a runtime does between filter and execve must be allowed here or come before
	seccomp '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mount", "umount2", "pivot_root", "setuid", "setgid", "setgroups", "capset", "prctl", "chdir", "setns", "unshare", "clone3", "openat2", "sethostname", "mknod", "mknodat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38}]}'
	inside 'echo runs'
	prints runs
}

@test "seccomp: a syscall newer than the profile gets ENOSYS, an older one the default" {
	requires_probe
	seccomp '{"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 1, "architectures": ["SCMP_ARCH_X86_64"], "syscalls": []}'
	[ "$(uname -m)" = x86_64 ] || skip "numbers of x86-64"
	jq '[{names: [.syscalls[] | select(.action == "SCMP_ACT_ALLOW") | .names[]] | unique, action: "SCMP_ACT_ALLOW"}]' /usr/share/containers/seccomp.json >"$D/allow" || skip "no profile to start from"
	config '.linux.seccomp.syscalls = ($a[0] | map(.names -= ["add_key"]))' --slurpfile a "$D/allow"
	# 248 add_key is old and not listed; 999 does not exist
	inside 'probe syscall 999; probe syscall 248 0 0 0 0'
	prints $'errno=38\nerrno=1'
}

@test "seccomp: the cached program acts like the first one; other profiles do not hit it" {
	seccomp '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 40}]}'
	inside 'mkdir /tmp/a 2>&1; true'
	has "Too many levels"
	inside 'mkdir /tmp/a 2>&1; true'
	has "Too many levels"
	config '.linux.seccomp.syscalls[0].errnoRet = 39'
	inside 'mkdir /tmp/a 2>&1; true'
	has "Directory not empty"
	config '.linux.seccomp.syscalls[0].errnoRet = 40'
	inside 'mkdir /tmp/a 2>&1; true'
	has "Too many levels"
}

@test "seccomp: unknown action, operator, architecture" {
	args true
	seccomp '{"defaultAction": "SCMP_ACT_NOSUCH"}'
	run_ct
	refused SCMP_ACT_NOSUCH
	seccomp '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_ERRNO", "args": [{"index": 0, "value": 1, "op": "SCMP_CMP_NOSUCH"}]}]}'
	run_ct
	refused SCMP_CMP_NOSUCH
	seccomp '{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_NOSUCH"]}'
	run_ct
	refused SCMP_ARCH_NOSUCH
}

@test "seccomp: unknown syscall names are skipped" {
	seccomp '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["no_such_call", "mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 40}]}'
	inside 'mkdir /tmp/a 2>&1; true'
	has "Too many levels"
}

@test "seccomp: notify: the agent gets state and listener, and answers" {
	requires_python
	agent seccomp
	seccomp '{"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": "", "listenerMetadata": "about", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_NOTIFY"}]}'
	config '.linux.seccomp.listenerPath = $p' --arg p "$D/seccomp.sock"
	inside 'mkdir /tmp/a 2>&1; true'
	has "Too many levels"
	same "$(jq -r '.state.id, .metadata, .fds[0], .state.status' "$D/seccomp" | tr '\n' ' ')" "$CID about seccompFd creating "
	[ "$(jq .pid "$D/seccomp")" -gt 0 ]
}

@test "seccomp: notify for an exec" {
	requires_python
	agent seccomp
	cp "$BUNDLE/config.json" "$D/plain.json"
	args sleep 1000
	seccomp '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_NOTIFY"}]}'
	config '.linux.seccomp.listenerPath = $p' --arg p "$D/seccomp.sock"
	up_ct
	await 5 test -s "$D/seccomp"
	same "$(jq .pid "$D/seccomp")" "$(pid_of)"
}

@test "seccomp: notify without listenerPath, or with nobody there" {
	args true
	seccomp '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_NOTIFY"}]}'
	run_ct
	refused
	config '.linux.seccomp.listenerPath = "/nosuch/listener.sock"'
	run_ct
	refused listener.sock
}
