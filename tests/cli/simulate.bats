#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# carte-scale simulate: a document and a recorded load in, what would happen out. Nothing is started.

bats_require_minimum_version 1.5.0

TESTS=$(cd "$BATS_TEST_DIRNAME/.." && pwd)

setup() {
	. "$TESTS/lib/carte.sh"
	carte_find || skip 'carte-scale is not built'
	scale=$(dirname "$CARTE")/carte-scale
	[ -x "$scale" ] || skip 'carte-scale is not built'
	mkdir "$BATS_TEST_TMPDIR/work"
	cd "$BATS_TEST_TMPDIR/work" || return 1
	cat >compose.yaml <<-YAML
		name: shop
		services:
		  web:
		    image: localhost/shop/web:1
		    ports: ["8080:80"]
		    deploy:
		      replicas: 2
		      resources: {limits: {cpus: "1"}, reservations: {cpus: "0.5", memory: 64M}}
		    x-carte:
		      scale:
		        {min: 1, max: 6, policy: target, metrics: [{metric: cpu, target: 60}], calendar: [{cron: "0 8 * * *", duration: 1h, min: 4}]}
	YAML
	printf '60\n60\n60\n60\n' >flat
	printf '30\n30\n240\n240\n240\n30\n30\n30\n' >burst
}

# simulate ARGUMENT...: on a host that is the same everywhere
simulate() { TZ=UTC "$scale" simulate compose.yaml --cores 8 --memory 1g --begin 2026-09-01 "$@"; }

# fails STATUS MESSAGE ARGUMENT...: one line, nothing on stdout
fails() {
	local want=$1 message=$2
	shift 2
	status=0
	"$scale" simulate "$@" >../out 2>../err || status=$?
	echo "status $status: $(cat ../err)"
	[ "$status" = "$want" ] && [ ! -s ../out ] && [ "$(cat ../err)" = "carte-scale: $message" ]
}

@test "simulate: a fixed number, for people" {
	diff -u - <(simulate --load flat --replicas 2 --capacity 60 --constant-work) <<-'END'
	web: 240 s of flat, a fixed number, 2 replicas at first; seed 1
	  a replica carries 60 in 60 s: 1 at a time, 1 s each; ready 2 s after its start
	  requests     234 arrived, 234 served; 3 violations (1.282 %): 0 refused, 3 delayed by more than 1 s, 0 cut
	  in line      0.098 on average, 3 at most; delay 0.101 s on average, 1.376 s at most
	  replicas     2.000 on average, 2 ready at most; 0.13 replica-hours; the number changed by 0
	  containers   0 started, 0 stopped, 0 failed
	  pool         1.00 cores and 128 MiB reserved at most; 48.8 % of the ready replicas' time at work
	  cost         0.22 replica-hours, lost work times 100 in it
	END
}

@test "simulate: the time line" {
	diff -u - <(simulate --load burst --capacity 60 --format csv) <<-'END'
	begin_s,arrived,violated,wanted,ready,starting,replica_seconds,queue_mean,queue_max
	0,20,1,3,3,0,154.000,0.035,1
	60,36,2,3,3,0,180.000,0.072,2
	120,254,114,6,6,0,346.000,6.477,20
	180,239,67,6,6,0,360.000,2.998,9
	240,221,56,6,6,0,360.000,2.685,7
	300,33,4,6,6,0,360.000,0.085,3
	360,24,0,3,3,0,204.000,0.000,0
	420,31,0,3,3,0,180.000,0.015,1
	END
}

@test "simulate: by hand" {
	# three in the first minute, none, six in the third: 20 s of work each, every 20 s and every 10 s. Of those the second waits for 10 s, the
	# third for 20 s, and the other three are in line at the end
	printf '3\n0\n6\n' >few
	diff -u - <(simulate --load few --replicas 1 --capacity 3 --constant-work --regular --format csv) <<-'END'
		begin_s,arrived,violated,wanted,ready,starting,replica_seconds,queue_mean,queue_max
		0,3,0,1,1,0,60.000,0.000,0
		60,0,0,1,1,0,60.000,0.000,0
		120,6,5,1,1,0,60.000,1.500,3
	END
	simulate --load few --replicas 1 --capacity 3 --constant-work --regular | grep -qF '9 arrived, 6 served; 5 violations (55.556 %): 0 refused, 5 delayed by more than 1 s, 0 cut'
	simulate --load few --replicas 2 --capacity 3 --constant-work --regular | grep -qF ' 0 violations (0.000 %)'
}

@test "simulate: what is behind --for costs nothing" {
	printf '3\n1000000000000000\n' >later
	simulate --load later --for 60s --replicas 1 --capacity 3 --regular | grep -qF ' 3 arrived'
	simulate --load later --for 60s --replicas 1 --capacity 3 | grep -q ' arrived'
}

@test "simulate: equal seeds give equal runs, and other luck another" {
	simulate --load burst --capacity 60 --seed 7 >one
	simulate --load burst --capacity 60 --seed 7 --csv one.csv >two
	diff one two
	simulate --load burst --capacity 60 --seed 8 --csv two.csv >three
	run diff -q one three
	[ "$status" = 1 ]
	run diff -q one.csv two.csv
	[ "$status" = 1 ]
}

@test "simulate: json says the same as the table, and the rows add up" {
	command -v jq >/dev/null || skip 'jq is not installed'
	simulate --load burst --capacity 60 --replications 5 --format json >out.json
	simulate --load burst --capacity 60 --replications 5 >out.txt
	[ "$(jq '.requests.arrived' out.json)" = "$(sed -n 's/.* \([0-9]*\) arrived.*/\1/p' out.txt)" ]
	jq -e '(.timeline | length) == 8 and ([.timeline[].arrived] | add) == .requests.arrived and ([.timeline[].violated] | add) <= .requests.violated' out.json
	jq -e '.replications == 5 and .means.violated.half > 0 and .means.replicaSeconds.half > 0' out.json
	jq -e '([.timeline[].replicaSeconds] | add) - .replicas.seconds | . < 0.001 and . > -0.001' out.json
	grep -q '^means of 5 replications, with 95 % intervals$' out.txt
}

@test "simulate: more replicas violate less and cost more time" {
	command -v jq >/dev/null || skip 'jq is not installed'
	before=1000000
	for n in 2 4 6; do
		simulate --load burst --capacity 60 --replicas $n --format json >$n.json
		violated=$(jq .requests.violated $n.json)
		[ "$violated" -le "$before" ]
		before=$violated
		# the very same requests
		[ "$(jq -c '[.timeline[].arrived]' $n.json)" = "$(jq -c '[.timeline[].arrived]' 2.json)" ]
		[ "$(jq .replicas.seconds $n.json)" = "$((n * 480))" ] || [ "$(jq .replicas.seconds $n.json)" = "$((n * 480)).0" ]
	done
	[ "$before" -lt "$(jq .requests.violated 2.json)" ]
}

@test "simulate: the calendar opens on the simulated clock" {
	[ "$(simulate --begin 2026-09-01T07:58 --load burst --policy calendar --format csv | cut -d, -f4 | tr '\n' ' ')" = 'wanted 2 1 4 4 4 4 4 4 ' ]
	# behind it
	[ "$(simulate --begin 2026-09-01T08:56 --load burst --policy calendar --format csv | cut -d, -f4 | tr '\n' ' ')" = 'wanted 4 4 4 4 1 1 1 1 ' ]
}

@test "simulate: the pool carries no more than it has" {
	# of a core and a half three replicas; 128 MiB are two
	[ "$(simulate --cores 1.5 --load burst --capacity 60 --format csv | cut -d, -f5 | sort -n | tail -n 1)" = 3 ]
	[ "$(simulate --cores 1.5 --load burst --capacity 60 --replicas 6 --format csv | cut -d, -f4-6 | uniq | tr '\n' ' ')" = 'wanted,ready,starting 6,3,3 ' ]
	[ "$(simulate --memory 128m --load burst --capacity 60 --format csv | cut -d, -f5 | sort -n | tail -n 1)" = 2 ]
}

@test "simulate: the plot" {
	simulate --load burst --capacity 60 --svg plot.svg >out
	grep -q '^<svg xmlns=' plot.svg
	[ "$(grep -c 'class="title"' plot.svg)" = 3 ]
	[ "$(grep -c '<polyline' plot.svg)" = 5 ]
	[ "$(tail -n 1 plot.svg)" = '</svg>' ]
	! command -v xmllint >/dev/null || xmllint --noout plot.svg
	fails 1 'write nowhere/plot.svg: No such file or directory' compose.yaml --load burst --svg nowhere/plot.svg
}

@test "simulate: options that make no sense are told" {
	fails 2 '--load is missing: expected a trace' compose.yaml
	fails 2 '--policy hpa: expected manual, target or calendar' compose.yaml --load burst --policy hpa
	fails 2 '--policy and --replicas: one of them, a policy or a number' compose.yaml --load burst --policy target --replicas 2
	fails 2 '--replicas 3000: expected 0 to 2000' compose.yaml --load burst --replicas 3000
	fails 2 '--for soon: expected a time of 1s to 8784h, such as 24h' compose.yaml --load burst --for soon
	fails 2 '--memory much: expected bytes, such as 512m or 1gb' compose.yaml --load burst --memory much
	fails 2 '--cores 0: expected a number of 0.01 to 100000' compose.yaml --load burst --cores 0
	for wrong in tomorrow 2026-02-31 2025-02-29T08:00; do
		fails 2 "--begin $wrong: expected YYYY-MM-DD or YYYY-MM-DDTHH:MM" compose.yaml --load burst --begin $wrong
	done
	fails 2 '--format xml: expected table, json or csv' compose.yaml --load burst --format xml
	fails 2 '--calibrate and --start-delay: one of them, what was measured or a guess' compose.yaml --load burst --calibrate --start-delay 3s
	fails 2 '--slots 0: expected 1 to 65536' compose.yaml --load burst --slots 0
	fails 2 '--replications 0: expected 1 to 10000' compose.yaml --load burst --replications 0
	fails 2 '--seed -1: expected 0 to 4294967295' compose.yaml --load burst --seed -1
	fails 2 '--step 0: expected seconds of 0.001 to 86400' compose.yaml --load burst --step 0
	fails 2 '--patience 5: expected a time of at most a year, such as 1m30s' compose.yaml --load burst --patience 5
	fails 2 '--weight x: expected a number of 0 to 1e9' compose.yaml --load burst --weight x
	fails 2 '--capacity 0: expected a number above 0' compose.yaml --load burst --capacity 0
}

@test "simulate: documents and traces that do not fit are told" {
	fails 3 'burst: --for 2h: there are 480 s in it only' compose.yaml --load burst --for 2h
	fails 4 'compose.yaml: there is no service db in it' compose.yaml --load burst --service db
	printf '1\nseven\n' >word
	fails 3 "word:2: expected a number of 0 to 1e15, one per line, got 'seven'" compose.yaml --load word
	yes 0 | head -n 9 >idle
	fails 3 'idle: there is no load in it: every value is 0' compose.yaml --load idle
	yes 1000000 | head -n 300 >much
	fails 7 'much: 3e+08 requests are more than the 2e+08 that a simulation takes; --for and --replications take fewer' compose.yaml --load much
	{ yes 1 | head -n 10000; echo 100000000; } >spike
	fails 7 'spike: its largest value is too far above the others to draw times at random; --for, --replications or --regular' compose.yaml --load spike --replicas 1
	fails 1 'missing: No such file or directory' compose.yaml --load missing
	printf 'services:\n  a: {image: localhost/a}\n  b: {image: localhost/b}\n' >two.yaml
	fails 2 'two.yaml: there are 2 services in it; --service says which' two.yaml --load flat
	fails 2 '--policy target: service a has no x-carte.scale to take it from' two.yaml --load flat --service a --policy target
	sed 's/metric: cpu/metric: memory/' compose.yaml >memory.yaml
	fails 7 'web: x-carte.scale.metrics[0]: a simulation knows cpu and http alone; give --replicas, or a file without it' memory.yaml --load flat
	"$scale" simulate memory.yaml --load flat --replicas 2 >/dev/null
}

@test "simulate: what was never measured cannot calibrate" {
	fails 4 "$PWD/none/carte.db: there is no database of a supervisor" compose.yaml --load flat --calibrate --state-dir "$PWD/none"
	mkdir damaged
	echo 'this is no database at all, whatever its name says' >damaged/carte.db
	fails 11 "damaged/carte.db: the database is damaged (file is not a database); move it away, or put back a copy" compose.yaml --load flat --calibrate --state-dir damaged
	[ "$(cat damaged/carte.db)" = 'this is no database at all, whatever its name says' ]
}

@test "serve: a damaged database has a status of its own, after which systemd lets it be" {
	mkdir damaged
	echo 'this is no database at all, whatever its name says' >damaged/carte.db
	export CARTE_STATE_DIR=$PWD/damaged CARTE_RUN_DIR=$PWD/run
	unset CARTE_SOCKET
	words="$PWD/damaged/carte.db: the database is damaged (file is not a database); move it away, or put back a copy"
	run -11 "$scale" serve --no-tcp --state-dir "$CARTE_STATE_DIR" --run-dir "$CARTE_RUN_DIR" 3>&-
	[ "$output" = "carte-scale: $words" ]
	run -11 "$CARTE" ps 3>&-
	[ "$output" = "carte: ps: start the supervisor: carte-scale: $words" ]
	for unit in "$TESTS"/../dropins/carte-scale.service.in "$TESTS"/../dropins/user/carte-scale.service.in; do
		grep -qxF 'RestartPreventExitStatus=2 5 7 11' "$unit"
	done
}

@test "simulate: calibrated by what a supervisor has measured" {
	command -v sqlite3 >/dev/null || skip 'sqlite3 is not installed'
	command -v jq >/dev/null || skip 'jq is not installed'
	mkdir state
	# kinds: 0 all, 1 create, 2 start, 3 ready
	sqlite3 state/carte.db "PRAGMA user_version = 1; CREATE TABLE timing (serial INTEGER PRIMARY KEY, project TEXT NOT NULL, service TEXT NOT NULL, kind INTEGER NOT NULL, ms INTEGER NOT NULL)"
	fails 4 'state/carte.db: no replica of shop/web has become ready while a supervisor measured; bring it up, or leave out --calibrate' compose.yaml --load flat --calibrate --state-dir state
	for _ in 1 2 3; do
		sqlite3 state/carte.db "INSERT INTO timing (project, service, kind, ms) VALUES ('shop', 'web', 0, 4000), ('shop', 'web', 1, 500), ('shop', 'web', 2, 500), ('shop', 'web', 3, 3000), ('shop', 'db', 3, 60000)"
	done
	simulate --load burst --capacity 60 --calibrate --state-dir state --format json >out.json
	jq -e '.calibration.observed.count == 3 and .calibration.observed.mean == 4 and .calibration.measured.ready.p95 == 3' out.json
	# one by one it takes four seconds, as measured
	jq -e '.replicas.started > 0 and .calibration.predicted.p50 > 3.99 and .calibration.predicted.p50 < 4.01' out.json
	simulate --load burst --capacity 60 --calibrate --state-dir state | grep -q '^  predicted / observed 1\.0'
}
