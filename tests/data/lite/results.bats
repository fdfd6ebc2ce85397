#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Tests that pass, fail and skip in all the ways that bats knows: "good", "bad" or "skipped" is how each must end.
# shellcheck disable=SC2050,SC2154,SC2314,SC2315,SC2034,SC2317,SC2046,SC2211,SC2194,SC2030,SC2031
bats_require_minimum_version 1.5.0
load helper

setup_file() {
	export FROM_FILE=$BATS_FILE_TMPDIR/made
	echo once >>"$FROM_FILE"
}

setup() {
	echo 'from setup'
	D=$BATS_TEST_TMPDIR
	echo "$BATS_TEST_NUMBER" >"$D/number"
	case $BATS_TEST_DESCRIPTION in
	*'setup fails') false ;;
	*'setup skips') skip 'says setup' ;;
	esac
}

teardown() {
	echo "from teardown" >>"$FROM_FILE"
	case $BATS_TEST_DESCRIPTION in
	*'teardown fails') return 1 ;;
	*'teardown goes on') false && true ;;
	*'teardown skips') skip 'too late' ;;
	esac
	return 0
}

@test "good: nothing" {
	:
}
@test "bad: a command in the middle" {
	true
	false
	true
}
@test "bad: the last command" {
	false
}
@test "bad: [ ] in the middle" {
	[ 1 = 2 ]
	true
}
@test "bad: [[ ]] in the middle" {
	[[ 1 == 2 ]]
	true
}
@test "bad: (( )) in the middle" {
	((0))
	true
}
@test "bad: a helper fails" {
	helper_fails
	true
}
@test "bad: a helper's command in the middle" {
	helper_middle
	true
}
@test "good: a helper fails in a condition" {
	if helper_fails; then false; fi
	helper_fails || true
	! helper_fails
}
@test "good: a helper's middle in a condition" {
	if helper_middle; then true; fi
}
@test "good: ! of a failure" {
	! false
	true
}
@test "good: ! of a success in the middle is no failure for errexit" {
	! true
	true
}
@test "bad: ! of a success at the end" {
	! true
}
@test "good: the first of && fails in the middle" {
	false && true
	true
}
@test "bad: the last of && fails" {
	true && false
	true
}
@test "bad: the last of || fails" {
	false || false
	true
}
@test "good: a pipe's first command fails" {
	false | true
}
@test "bad: a pipe's last command fails" {
	true | false
	true
}
@test "bad: a pipe's first command fails under pipefail" {
	set -o pipefail
	false | true
	true
}
@test "bad: a subshell" {
	(exit 3)
	true
}
@test "bad: an assignment from a command" {
	a=$(exit 3)
	true
}
@test "good: local hides the status" {
	local a=$(exit 3)
}
@test "good: a substitution goes on after a failure" {
	a=$(false; echo on)
	[ "$a" = on ]
}
@test "bad: a variable without a value, set -u" {
	set -u
	echo "$NEVER_SET_BY_ANYONE"
	true
}
@test "bad: no such command" {
	no-such-command-here
	true
}
@test "bad: no such file for a redirection" {
	true <"$D/no-such-file"
	true
}
@test "bad: return 1" {
	return 1
}
@test "good: return 0 before a failure" {
	return 0
	false
}
@test "bad: exit 0" {
	exit 0
}
@test "bad: exit 7" {
	exit 7
}
@test "good: set +e" {
	set +e
	false
	true
}
@test "bad: a loop's body" {
	for i in 1 2; do
		[ "$i" = 1 ]
	done
	true
}
@test "bad: in a case" {
	case a in a) false ;; esac
	true
}
@test "bad: after run" {
	run false
	true
	[ "$status" = 0 ]
	true
}
@test "good: run: status, output, lines" {
	run bash -c 'echo one; echo; echo two >&2; exit 3'
	[ "$status" = 3 ]
	[ "$output" = $'one\n\ntwo' ]
	[ "${#lines[@]}" = 2 ]
	[ "${lines[1]}" = two ]
	run -0 true
	run ! false
	run -5 -- bash -c 'exit 5'
	[ "${#lines[@]}" = 0 ]
}
@test "good: run of a function goes on after a failure" {
	run helper_middle
	[ "$status" = 0 ]
	[ "$output" = 'after the middle' ]
}
@test "bad: run -N of another status" {
	run -2 bash -c 'exit 5'
	true
}
@test "bad: run ! of a success" {
	run ! true
	true
}
@test "skipped: with a reason" {
	skip 'why not'
	false
}
@test "skipped: without" {
	skip
}
@test "skipped: in a helper" {
	helper_skips
	false
}
@test "good: skip in a subshell is not the test's" {
	(skip no)
	a=$(skip no)
	true
}
@test "skipped: the setup skips" {
	false
}
@test "bad: the setup fails" {
	true
}
@test "bad: the teardown fails" {
	true
}
@test "bad: both, and the teardown fails" {
	false
}
@test "good: the teardown goes on" {
	true
}
@test "good: the teardown skips" {
	true
}
@test "bad: it fails, the teardown skips" {
	false
}
@test 'good: a name in single quotes, $HOME' { true; }
@test "good: a name with \$HOME, \"quotes\" and # signs" { true; }
@test "good: folders and numbers" {
	[ "$BATS_TEST_NUMBER" = "$(cat "$D/number")" ]
	[ "$(ls "$D")" = number ]
	[ -d "$BATS_FILE_TMPDIR" ]
	[ "$BATS_TMPDIR" = "${TMPDIR:-/tmp}" ]
	[ -f "$BATS_TEST_DIRNAME/helper.bash" ]
	[ "$BATS_TEST_FILENAME" = "$BATS_TEST_DIRNAME/results.bats" ]
	[[ $BATS_TEST_DESCRIPTION == 'good: folders and numbers' ]]
	[ "$(grep -c once "$FROM_FILE")" = 1 ]
	[ "$(grep -c 'from teardown' "$FROM_FILE")" = $((BATS_TEST_NUMBER - 1)) ]
}
@test "good: what a test sets, it keeps to itself: first" {
	mine=1
	cd /
	helper_fails() { true; }
}
@test "good: what a test sets, it keeps to itself: second" {
	[ -z "${mine-}" ]
	[ "$PWD" != / ]
	! helper_fails
}
@test "bad: a failure in a function that the file has" {
	own_fails
	true
}
own_fails() {
	helper_fails
	true
}
@test "good: the last" {
	true
}

@test "good: run: stderr apart" {
	run --separate-stderr bash -c 'echo out; echo err >&2; exit 3'
	[ "$status" = 3 ]
	[ "$output" = out ]
	[ "$stderr" = err ]
	[ "${stderr_lines[0]}" = err ]
}
