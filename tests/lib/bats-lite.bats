#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# bats-lite, which runs command tests where processors are slow, says what bats says.

TESTS=${top_srcdir:-$BATS_TEST_DIRNAME/../..}/tests
lite() { "$TESTS/lib/bats-lite" --tap "$@" </dev/null 3>&- 4>&-; }
# BATS may be bats-lite itself: it is to be compared with bats.
BATS=${BATS:-bats}
[[ $BATS != */bats-lite ]] || BATS=bats
real() { "$BATS" --tap "$@" </dev/null 3>&- 4>&-; }
results() { grep -E '^(not )?ok |^[0-9]+\.\.'; }

# same FILE STATUS - both say it, line by line, and end with that status
same() {
	local status=0
	real "$TESTS/data/lite/$1.bats" >"$BATS_TEST_TMPDIR/real" 2>&1 || status=$?
	[ "$status" = "$2" ]
	status=0
	lite "$TESTS/data/lite/$1.bats" >"$BATS_TEST_TMPDIR/lite" 2>&1 || status=$?
	[ "$status" = "$2" ]
	diff <(results <"$BATS_TEST_TMPDIR/real") <(results <"$BATS_TEST_TMPDIR/lite")
}

setup() { [ -n "$(command -v "$BATS")" ] || skip 'bats is not installed'; }

@test "every way to pass, fail and skip" {
	same results 1
	# and each ended as its name says
	results <"$BATS_TEST_TMPDIR/lite" | awk '
	/^[0-9]+\.\./ { planned = substr($0, 4); next }
	{
		name = $0
		sub(/^(not )?ok [0-9]+ /, "", name)
		want = name ~ /^good: / ? "good" : name ~ /^skipped: / ? "skipped" : name ~ /^bad: / ? "bad" : "?"
		got = /^not ok/ ? "bad" : / # skip/ && name !~ /teardown/ ? "skipped" : "good"
		n++
		if (want != got) { print "is " got ": " $0; wrong = 1 }
	}
	END { exit wrong || n < 50 || n != planned }'
}

@test "setup_file fails" {
	same setup_file 1
	grep -q 'from setup_file' "$BATS_TEST_TMPDIR/lite"
}

@test "teardown_file fails" {
	same teardown_file 1
	grep -q 'from teardown_file' "$BATS_TEST_TMPDIR/lite"
}

@test "a test that is killed is a failure, and the next one runs" {
	local status=0
	lite "$TESTS/data/lite/killed.bats" >"$BATS_TEST_TMPDIR/lite" 2>/dev/null || status=$?
	[ "$status" = 1 ]
	[ "$(results <"$BATS_TEST_TMPDIR/lite" | cut -d' ' -f-3 | tr '\n' ,)" = '1..3,ok 1 one,not ok 2,ok 3 three,' ]
}

@test "a failure: the line, what was printed" {
	run lite "$TESTS/data/lite/results.bats" 'bad: a helper fails'
	[ "$status" = 1 ]
	[ "${lines[0]}" = 1..1 ]
	[ "${lines[1]}" = 'not ok 1 bad: a helper fails' ]
	[[ ${lines[2]} == '# (line '*' of '*/results.bats')' ]]
	[ "${lines[3]}" = "#   \`helper_fails' failed" ]
	[ "${lines[4]}" = '# from setup' ]
}

@test "only tests that are named, as they are printed" {
	run lite "$TESTS/data/lite/results.bats" 'good: nothing' 'good: a name with $HOME, "quotes" and # signs'
	[ "$status" = 0 ]
	[ "${#lines[@]}" = 3 ]
	[ "${lines[2]}" = 'ok 2 good: a name with $HOME, "quotes" and # signs' ]
}

@test "no file" {
	run lite /nowhere.bats
	[ "$status" = 2 ]
	[ "$output" = 'bats-lite: no file /nowhere.bats' ]
}

@test "nothing is left" {
	mkdir "$BATS_TEST_TMPDIR/t"
	TMPDIR=$BATS_TEST_TMPDIR/t lite "$TESTS/data/lite/results.bats" >/dev/null 2>&1 || true
	[ -z "$(ls "$BATS_TEST_TMPDIR/t")" ]
}
