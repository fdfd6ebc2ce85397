#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# carte-scale backtest: recorded loads in, tables out. The loads are made here.

setup() {
	. "$BATS_TEST_DIRNAME/../lib/carte.sh"
	carte_find || skip 'carte-scale is not built'
	scale=$(dirname "$CARTE")/carte-scale
	[ -x "$scale" ] || skip 'carte-scale is not built'
	mkdir "$BATS_TEST_TMPDIR/work"
	cd "$BATS_TEST_TMPDIR/work" || return 1
}

# trace FILE DAYS: 10, and 80 for twenty minutes from a quarter past each second hour
trace() {
	awk -v days="$2" 'BEGIN {
		for (t = 0; t < days * 1440; t++)
			print (t % 120 >= 15 && t % 120 < 35 ? 80 : 10) + t % 3
	}' >"$1"
}

# fails STATUS MESSAGE ARGUMENT...: one line, nothing on stdout
fails() {
	local want=$1 message=$2
	shift 2
	status=0
	"$scale" backtest "$@" >../out 2>../err || status=$?
	echo "status $status: $(cat ../err)"
	[ "$status" = "$want" ] && [ ! -s ../out ] && [ "$(cat ../err)" = "carte-scale: $message" ]
}

@test "backtest: a trace that is no trace is told by file and line" {
	trace good 2
	{ cat good; echo 'seven'; cat good; } >word
	fails 3 "word:2881: expected a number of 0 to 1e15, one per line, got 'seven'" word
	printf '1\n\n2\n' >empty-line
	fails 3 "empty-line:2: expected a number of 0 to 1e15, one per line, got ''" empty-line
	printf '1\n-2\n' >negative
	fails 3 "negative:2: expected a number of 0 to 1e15, one per line, got '-2'" negative
	printf '# minutes\n1\n1e999\n' >infinite
	fails 3 "infinite:3: expected a number of 0 to 1e15, one per line, got '1e999'" infinite
	printf 'nan\n' >nan
	fails 3 "nan:1: expected a number of 0 to 1e15, one per line, got 'nan'" nan
	printf '1\n2,3\n' >columns
	fails 3 "columns:2: expected a number of 0 to 1e15, one per line, got '2,3'" columns
	printf '1\n\033[2J\n' >control
	fails 3 'control:2: expected a number of 0 to 1e15, one per line' control
	printf '1\n\0002\n' >binary
	fails 3 'binary: it is not text: expected one number per line' binary
	: >nothing
	fails 3 'nothing: there is no value in it: expected one per line and minute' nothing
	fails 1 'missing: No such file or directory' missing
}

@test "backtest: a trace that is too short or idle is told with what helps" {
	trace short 7
	fails 3 'short: 10080 minutes are too few: expected 10080 of training and a day behind it; --train-days takes fewer' short
	yes 0 | head -n 2880 >idle
	fails 3 'idle: there is no load in it: every value is 0' --train-days 1 idle
}

@test "backtest: options that make no sense are told" {
	trace good 2
	fails 2 '--start-delay 2,,3: expected seconds of 0 to 3600, with commas between' --start-delay 2,,3 good
	fails 2 '--start-delay 5000: expected seconds of 0 to 3600, with commas between' --start-delay 5000 good
	fails 2 '--weight ten: expected numbers of 0 to 1e9, with commas between' --weight ten good
	fails 2 '--season month: expected day, week, day,week or none' --season month good
	fails 2 '--capacity 0: expected a number above 0' --capacity 0 good
	fails 2 '--min 0: expected 1 to 100000' --min 0 good
	fails 2 '--max 2: expected min to 100000' --min 3 --max 2 good
	fails 2 '--train-days 0: expected 1 to 3650' --train-days 0 good
	fails 2 '--signal memory: expected cpu or offered' --signal memory good
}

@test "backtest: the table of a small trace" {
	trace small 4
	run "$scale" backtest --train-days 1 --start-delay 0,120 --weight 10,100 --csv table.csv --svg plot.svg small
	echo "$output"
	[ "$status" = 0 ]
	grep -q '^small: 5760 minutes, the first 1440 for training; a replica carries 5.125$' <<<"$output"
	[ "$(grep -c '^small: start delay' <<<"$output")" = 2 ]
	# the oracle loses nothing at its own cost, and sixteen replicas carry the largest value
	[ "$(grep -Ec '^  oracle +0\.0000 \[ 0\.0000  0\.0000\]  1\.000 \[1\.000 1\.000\]' <<<"$output")" = 2 ]
	[ "$(grep -Ec '^  static max +0\.0000 ' <<<"$output")" = 2 ]
	# steps at equal times each day are what forecasts are for
	[ "$(grep -c '^  weight 10: predict .*: wins$' <<<"$output")" = 2 ]
	grep -q '^predict against the tuned rule: .* within 1.02$' <<<"$output"
	# 16 policies in each of the two tables, and their names
	[ "$(wc -l <table.csv)" = 33 ]
	[ "$(cut -d, -f3 table.csv | sed 's/tuned rule.*/tuned rule/' | sort | uniq -c | awk '$1 == 2' | wc -l)" = 16 ]
	awk -F, 'NR > 1 && NF != 16 { exit 1 }' table.csv
	# a lower target loses less and costs more
	awk -F, '$3 ~ /^"rule 0\...."?$/ && $2 == 120 { if (n++ && ($4 < lost || $7 > hours)) exit 1; lost = $4; hours = $7 }
		END { exit n != 5 }' table.csv
	grep -q '^<svg xmlns=' plot.svg
	[ "$(grep -c 'class="title"' plot.svg)" = 2 ]
	[ "$(tail -n 1 plot.svg)" = '</svg>' ]
	! command -v xmllint >/dev/null || xmllint --noout plot.svg
}

@test "backtest: equal traces give equal tables" {
	trace one 3
	{ echo '# the same'; sed 's/$/\r/' one; } >two
	for name in one two; do
		"$scale" backtest --train-days 1 --start-delay 30 --weight 100 --season none --csv $name.csv $name >$name.out
	done
	diff <(cut -d, -f2- one.csv) <(cut -d, -f2- two.csv)
	# without seasons nobody speaks of them
	[ -z "$(grep -E '^  (daily|weekly|profile) ' one.out)" ]
	grep -q '^  holt ' one.out
}

@test "backtest: no load behind the training is no number, not a nan" {
	{ yes 5 | head -n 1440; yes 0 | head -n 1440; } >ends
	"$scale" backtest --train-days 1 --start-delay 30 --weight 100 --csv ends.csv ends >out
	! grep -Ei 'nan|inf' out ends.csv
	grep -Eq '^  the chosen one +- +[0-9.]+ +100\.0% +100%$' out
	grep -q 'at worst 1.000 .* within 1.02$' out
}

@test "backtest: a file that cannot be written is told, and nothing is left" {
	trace good 2
	fails 1 'write nowhere/table.csv: No such file or directory' --train-days 1 --start-delay 0 --weight 1 --csv nowhere/table.csv good
	[ "$(ls)" = good ]
	# what is no file is written to, not replaced
	"$scale" backtest --train-days 1 --start-delay 0 --weight 1 --csv /dev/stdout good | head -n 1 | grep -q '^trace,'
	[ -e /dev/stdout ]
}
