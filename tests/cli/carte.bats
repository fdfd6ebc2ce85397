#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# carte.bats - carte's words: options, references, tables, errors, against a server that answers as the supervisor does and keeps
# what it is asked. What containers do is in carte_run.bats.
# shellcheck disable=SC2030,SC2031,SC2016,SC2154,SC2119,SC2120
bats_require_minimum_version 1.5.0

TESTS=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
# shellcheck source=tests/lib/carte.sh
. "$TESTS/lib/carte.sh"

setup_file() {
	carte_find || skip 'carte is not built'
	command -v python3 >/dev/null || skip 'python3 is not installed'
	# D is the same folder for all tests of this file, emptied for each: starting python takes longer than a test
	export D=$BATS_FILE_TMPDIR/d
	export CARTE_SOCKET=$D/s CARTE_STORE=$D/store HOME=$D NO_COLOR=
	mkdir "$D"
	"$TESTS/cli/helpers/fake-supervisor" "$CARTE_SOCKET" "$D" 3>&- &
	export FAKE=$!
	for _ in $(seq 500); do
		[ ! -S "$CARTE_SOCKET" ] || return 0
		sleep 0.02
	done
	return 1
}

teardown_file() {
	[ -z "${FAKE:-}" ] || kill "$FAKE"
}

setup() {
	unset XDG_RUNTIME_DIR
	find "$D" -mindepth 1 ! -path "$CARTE_SOCKET" -delete
	: >"$D/requests"
}

carte() { "$CARTE" "$@"; }

fails() { # STATUS EXPECTED-STDERR COMMAND...
	local status=0 want=$1 expected=$2
	shift 2
	"$@" >"$D/out" 2>"$D/err" || status=$?
	diff -u <(printf '%s\n' "$expected") "$D/err"
	[ "$status" = "$want" ] || {
		echo "exit status $status, not $want"
		return 1
	}
}

asked() { # METHOD PATH [BODY]: exactly this was asked
	grep -qxF -- "$1 $2 ${3:-}" "$D/requests" || {
		echo "not asked: $1 $2 ${3:-}"
		cat "$D/requests"
		return 1
	}
}

answers() { printf '%s\n' "$@" >"$D/answers"; }

document() { # of the last run
	sed -n 's/^POST \/v1\/containers[^ ]* //p' "$D/requests" | tail -n 1
}

service() { # JQ-FILTER over the service of the last run
	document | jq -c ".services[] | $1"
}

# ---- the program itself --------------------------------------------------------------------------------------------------

@test "carte: without a command it prints its commands and fails" {
	run -2 carte
	[[ $output == *'Commands:'* ]]
	run -0 carte --help
	run -0 carte help
	[[ $output == *'Commands:'* ]]
	run -0 carte help ps
	[[ $output == 'Usage: carte ps [OPTIONS]'* ]]
}

@test "carte: version" {
	run -0 carte version
	[[ $output == 'carte version '* ]]
	run -0 carte --version
	[[ $output == 'carte version '* ]]
}

@test "carte: a command that is none" {
	fails 2 "carte: no command frob; 'carte --help' lists them" carte frob
}

@test "carte: an option that is none" {
	fails 2 'carte: ps: unknown option --frob' carte ps --frob
}

@test "carte: every command has a --help, and no two have the same name" {
	verbs=$(carte --help | awk '/^Commands:/ { on = 1; next } /^[^ ]/ { on = 0 } on && NF { print $1 }')
	[ "$(wc -l <<<"$verbs")" -ge 36 ]
	[ "$(sort -u <<<"$verbs")" = "$(LC_ALL=C sort <<<"$verbs")" ]
	for verb in $verbs; do
		run -0 carte "$verb" --help
		[[ $output == "Usage: carte $verb"* ]]
	done
}

@test "carte: advise, backtest, export, simulate are carte-scale's, under the name that was typed" {
	[ -x "$(dirname "$CARTE")/carte-scale" ] || skip 'carte-scale is not built'
	fails 2 'carte: advise: --service is missing' carte advise
	fails 2 'carte: export: --to k8s: expected swarm, kubernetes or nomad' carte export --to k8s
	fails 2 'carte: simulate: needs 1 argument, got 0: simulate [OPTIONS] --load TRACE FILE' carte simulate
	run -2 carte backtest --frob
	[ "$output" = 'carte: backtest: unknown option --frob' ]
	diff <(carte export --help) <("$(dirname "$CARTE")/carte-scale" export --help | sed 's/carte-scale export/carte export/')
	# words of all kinds arrive as they are
	printf 'services: {web: {image: web}}\n' >"$BATS_TEST_TMPDIR/a b.yaml"
	[ "$(carte export --to=nomad -f "$BATS_TEST_TMPDIR/a b.yaml" -p other 2>/dev/null | jq -r .Job.ID)" = other ]
}

@test "carte: completion prints what is installed" {
	carte completion bash | diff - "$TESTS/../completion/carte"
	fails 2 'carte: completion: only bash has words here, not fish' carte completion fish
}

@test "carte: the completion knows commands and their options" {
	# shellcheck source=/dev/null
	. "$TESTS/../completion/carte"
	COMP_WORDS=("$CARTE" st) COMP_CWORD=1
	_carte
	[ "${COMPREPLY[*]}" = 'start stats stop' ]
	COMP_WORDS=("$CARTE" stop --ti) COMP_CWORD=2
	compopt() { :; }
	_carte
	[ "${COMPREPLY[*]}" = '--time=' ]
	COMP_WORDS=("$CARTE" stop alph) COMP_CWORD=2
	_carte
	[ "${COMPREPLY[*]}" = 'alpha alpha' ] # the container and the service
}

# ---- the supervisor's answers ----------------------------------------------------------------------------------------------

@test "client: what the supervisor refuses is one line, with its kind as exit status" {
	answers 'GET /v1/containers 409 {"error":"it is odd\nvery","kind":"state"}'
	fails 6 'carte: ps: it is odd' carte ps
	answers 'GET /v1/containers 507 {"error":"the pool is full","kind":"resources"}'
	fails 9 'carte: ps: the pool is full' carte ps
	answers 'GET /v1/containers 500 oops'
	fails 1 'carte: ps: the supervisor answers with status 500' carte ps
}

@test "client: an answer that is no JSON" {
	answers 'GET /v1/containers 200 [{'
	run -1 carte ps
	[[ $output == 'carte: ps: the supervisor'"'"'s answer: no JSON: '* ]]
}

@test "client: nobody listens and nothing can be started" {
	cp "$CARTE" "$D/carte"
	CARTE_SOCKET=$D/none PATH=/nonexistent run -1 "$D/carte" ps
	[[ $output == 'carte: ps: '*'carte-scale'* ]]
}

@test "client: no place for the socket" {
	[ "$(id -u)" = 0 ] || skip 'setpriv needs root'
	chmod 755 "$D"
	run -1 env -u CARTE_SOCKET -u CARTE_RUN_DIR setpriv --reuid=65534 --clear-groups "$CARTE" ps
	[ "$output" = "carte: ps: no place for the supervisor's socket: set XDG_RUNTIME_DIR, which a login session has, or CARTE_RUN_DIR" ]
}

# ---- ps -------------------------------------------------------------------------------------------------------------------

@test "ps: a table for people" {
	run -0 carte ps
	[ "${#lines[@]}" = 6 ]
	[[ ${lines[0]} == 'ID             NAME         IMAGE '* ]]
	[[ ${lines[1]} == 'aa1100000000   alpha        localhost/box:latest   /bin/sh -c '"'"'sleep 100'"'"'   '*' years ago   Up '*' years (healthy) '*' 10.1.2.3   0.0.0.0:8080->80/tcp' ]]
	[[ $output != *gone* ]]
	[[ $output != *$'\e'* ]]
}

@test "ps: -a, and how they ended" {
	run -0 carte ps -a
	[ "${#lines[@]}" = 8 ]
	[[ $output == *'gone '*'Exited (3) '*' years ago '* ]]
	[[ $output == *'blog-db-1 '*'Failed: no space '* ]]
}

@test "ps: -q, --no-trunc, --format json" {
	[ "$(carte ps -q | head -n 1)" = aa1100000000 ]
	[ "$(carte ps -q --no-trunc | head -n 1)" = "aa11$(printf '0%.0s' {1..28})" ]
	[ "$(carte ps --format json | jq -r '.[0].name')" = alpha ]
	fails 2 'carte: ps: invalid value "yaml" for --format: expected table or json' carte ps --format yaml
}

@test "ps: filters" {
	[ "$(carte ps -q --filter project=shop | wc -l)" = 3 ]
	[ "$(carte ps -q --filter project=shop --filter service=web | wc -l)" = 2 ]
	[ "$(carte ps -q --filter name=alp | wc -l)" = 2 ]
	[ "$(carte ps -q --filter id=aa2 | wc -l)" = 1 ]
	[ "$(carte ps -q --filter status=exited | wc -l)" = 1 ]
	[ "$(carte ps -q --filter status=exited --filter status=failed | wc -l)" = 2 ]
	[ "$(carte ps -q --filter health=unhealthy | wc -l)" = 1 ]
	fails 2 'carte: ps: invalid value "x=1" for --filter: expected name=, id=, project=, service=, image=, state= or health=' carte ps --filter x=1
}

@test "ps: names in other scripts line up, control characters are not passed on" {
	answers 'GET /v1/containers 200 [{"id":"a1","name":"日本","image":"i","state":"ready","pid":1},{"id":"a2","name":"a\u001b[2J\u202e","image":"i","state":"ready","pid":1}]'
	run -0 carte ps
	echo "$output"
	[[ ${lines[1]} == 'a1   日本     i '* ]]
	[[ ${lines[2]} == 'a2   a?[2J?   i '* ]]
}

# ---- references ------------------------------------------------------------------------------------------------------------

@test "references: a name, the beginning of a name, of an ID, a service" {
	run -0 carte stop alpha
	[ "$output" = alpha ]
	asked POST "/v1/containers/aa11$(printf '0%.0s' {1..28})/stop?wait=1" '{}'
	carte start alpi
	asked POST "/v1/containers/aa22$(printf '0%.0s' {1..28})/start?wait=1" '{}'
	carte restart -t 3 cc44
	asked POST "/v1/containers/cc44$(printf '0%.0s' {1..28})/restart?wait=1" '{"grace":3}'
	carte stop web
	asked POST /v1/services/shop/web/stop '{}'
	asked GET '/v1/projects/shop/wait?timeout=120'
	carte restart blog/db
	asked POST /v1/services/blog/db/restart '{}'
}

@test "references: what is not there and what is not clear" {
	fails 4 "carte: stop: no container or service 'zeta'" carte stop zeta
	fails 2 "carte: stop: 'alp' is the beginning of 'alpha' and of 'alpine'" carte stop alp
	fails 2 "carte: stop: 'db' is a service of 'shop' and of 'blog': write PROJECT/db" carte stop db
	fails 2 'carte: stop: needs at least 1 argument, got 0: stop [OPTIONS] CONTAINER|SERVICE...' carte stop
}

@test "references: one that fails does not keep the others" {
	run -4 --separate-stderr carte stop zeta alpha
	[ "$output" = alpha ]
	[ "$stderr" = "carte: stop: no container or service 'zeta'" ]
	asked POST "/v1/containers/aa11$(printf '0%.0s' {1..28})/stop?wait=1" '{}'
}

# ---- kill, pause, rm, wait -------------------------------------------------------------------------------------------------

@test "kill: signals by name and number, a service's replicas all" {
	carte kill -s usr1 alpha
	asked POST "/v1/containers/aa11$(printf '0%.0s' {1..28})/kill" '{"signal":"SIGUSR1"}'
	carte kill --signal 15 web
	asked POST "/v1/containers/cc44$(printf '0%.0s' {1..28})/kill" '{"signal":"SIGTERM"}'
	asked POST "/v1/containers/cc55$(printf '0%.0s' {1..28})/kill" '{"signal":"SIGTERM"}'
	carte kill alpine
	asked POST "/v1/containers/aa22$(printf '0%.0s' {1..28})/kill" '{"signal":"SIGKILL"}'
	fails 2 'carte: kill: invalid value "FROB" for --signal: no such signal' carte kill -s FROB alpha
}

@test "pause, unpause, resume" {
	carte pause alpha
	asked POST "/v1/containers/aa11$(printf '0%.0s' {1..28})/pause" '{}'
	carte resume alpha
	carte unpause alpha
	[ "$(grep -c '/unpause {}' "$D/requests")" = 2 ]
}

@test "rm: -f forgives what is not there, a service is not removed by it" {
	answers "DELETE /v1/containers/bb33$(printf '0%.0s' {1..28})?force=0&volumes=0 200 "
	run -0 carte rm gone
	[ "$output" = gone ]
	answers "DELETE /v1/containers/aa11$(printf '0%.0s' {1..28})?force=1&volumes=1 200 "
	run -0 carte rm -fv alpha
	carte rm -f zeta
	fails 4 "carte: rm: no container or service 'zeta'" carte rm zeta
	fails 6 "carte: rm: 'web' is a service: 'carte scale web=0' removes its replicas, 'carte down -p shop' its project" carte rm web
}

@test "wait: prints the status" {
	run -0 carte wait gone
	[ "$output" = 3 ]
}

# ---- inspect, stats, top, events --------------------------------------------------------------------------------------------

@test "inspect: an array, of containers and services" {
	[ "$(carte inspect alpha | jq -r '.[0].name + .[0].state')" = alphaready ]
	[ "$(carte inspect shop/web alpine | jq -r '.[0].name + .[1].name')" = webalpine ]
	run -4 --separate-stderr carte inspect zeta
	[ "$(jq -c . <<<"$output")" = '[]' ]
}

@test "stats: once when no terminal looks" {
	run -0 carte stats
	[[ ${lines[0]} == 'ID             NAME         CPU     MEMORY    LIMIT    MEM %   PIDS   PRESSURE' ]]
	[[ ${lines[1]} == 'aa1100000000   alpha        12.5%   50.0MiB   100MiB   50.0%   3      0.0%' ]]
	[ "$(carte stats --no-stream web | wc -l)" = 3 ]
	[ "$(carte stats --format json alpha | jq -r '.[].name')" = alpha ]
	fails 4 "carte: stats: no container or service 'zeta'" carte stats --no-stream zeta
}

@test "top: services and containers; of one its processes" {
	run -0 carte top
	[[ $output == 'carte 0.1.0   2.0 processors   memory 4.0GiB, 2.0GiB available'* ]]
	[[ $output == *'shop/web '*'alpha '* ]]
	printf '#!/bin/sh\necho "$@"\n' >"$D/runtime"
	chmod +x "$D/runtime"
	run -0 carte top alpha -o pid
	[ "$output" = "--root $D/root ps aa11$(printf '0%.0s' {1..28}) -o pid" ]
}

@test "events: lines, filters, JSON" {
	run -0 carte events --no-follow
	[ "${lines[0]}" = '2020-01-01T00:00:00Z replica start alpha' ]
	[ "${lines[1]}" = '2020-01-01T00:01:00Z oom die shop-web-1 (status 137): out of memory?[31m' ]
	[ "$(carte events --no-follow --filter kind=oom | wc -l)" = 1 ]
	[ "$(carte events --no-follow --since 2020-01-01T00:00:30Z --format json | jq -r .serial)" = 2 ]
	[ "$(carte events --until 2020-01-01T00:00:30Z | wc -l)" = 1 ]
	for wrong in soon 99999999999999999d 2026-02-31T08:00:00Z; do
		fails 2 "carte: events: invalid value \"$wrong\" for --since: expected 2026-01-31T08:00:00Z, seconds since 1970, or a time ago such as 10m" \
			carte events --since "$wrong"
	done
}

# ---- logs ------------------------------------------------------------------------------------------------------------------

@test "logs: all of it, the last lines, several with their names" {
	printf '%s\n' one two three >"$D/alpha.log"
	printf '%s\n' uno dos >"$D/shop-web-1.log"
	printf 'no end' >"$D/shop-web-2.log"
	[ "$(carte logs alpha)" = $'one\ntwo\nthree' ]
	[ "$(carte logs --tail 2 alpha)" = $'two\nthree' ]
	[ "$(carte logs -n 0 alpha)" = '' ]
	[ "$(carte logs web)" = $'shop-web-1 | uno\nshop-web-1 | dos\nshop-web-2 | no end' ]
	[ "$(carte logs --no-log-prefix --tail 1 web alpha)" = $'dos\nno endthree' ]
	fails 2 'carte: logs: whose? Name containers or services, or a project with -p' carte logs
}

@test "logs: across rotated files" {
	printf 'a\nb\nc' >"$D/alpha.log.2"
	printf 'C\nd\n' >"$D/alpha.log.1"
	printf 'e\nf\n' >"$D/alpha.log"
	[ "$(carte logs alpha | tr '\n' ,)" = a,b,cC,d,e,f, ]
	[ "$(carte logs --tail 1 alpha | tr '\n' ,)" = f, ]
	[ "$(carte logs --tail 3 alpha | tr '\n' ,)" = d,e,f, ]
	[ "$(carte logs --tail 4 alpha | tr '\n' ,)" = cC,d,e,f, ]
	[ "$(carte logs --tail 5 alpha | tr '\n' ,)" = b,cC,d,e,f, ]
	[ "$(carte logs --tail 99 alpha | tr '\n' ,)" = a,b,cC,d,e,f, ]
}

@test "logs: -f goes on, over rotation, until the container has ended" {
	for i in $(seq 3000); do echo "line $i"; done >"$D/alpha.log"
	carte logs -f alpha >"$D/out" 3>&- &
	reader=$!
	for _ in $(seq 200); do
		[ "$(wc -l <"$D/out")" != 3000 ] || break
		sleep 0.02
	done
	# as the supervisor rotates: whole blocks to .1, then cut out of the front
	for round in 1 2 3; do
		for i in $(seq 1000); do echo "round $round $i"; done >>"$D/alpha.log"
		for old in 2 1; do
			[ ! -e "$D/alpha.log.$old" ] || mv "$D/alpha.log.$old" "$D/alpha.log.$((old + 1))"
		done
		head -c 8192 "$D/alpha.log" >"$D/new" && mv "$D/new" "$D/alpha.log.1"
		fallocate --collapse-range --offset 0 --length 8192 "$D/alpha.log" 2>/dev/null ||
			fallocate --punch-hole --offset 0 --length 8192 "$D/alpha.log" || {
			kill "$reader"
			skip 'this file system cuts nothing out of files'
		}
		sleep 0.2
	done
	answers "GET /v1/containers?all=1 200 []"
	wait "$reader"
	diff <(for i in $(seq 3000); do echo "line $i"; done; for r in 1 2 3; do for i in $(seq 1000); do echo "round $r $i"; done; done) "$D/out"
}

@test "logs: times are refused with the reason" {
	for option in --timestamps --since=1h --until=1h; do
		run -7 carte logs $option alpha
		[[ $output == "carte: logs: ${option%%=*}: the lines have no times, for a container writes its log itself "* ]]
	done
}

@test "logs: -t, the time of lines that come while it follows" {
	echo before >"$D/alpha.log"
	carte logs -f -t alpha >"$D/out" &
	reader=$!
	for _ in $(seq 200); do
		[ ! -s "$D/out" ] || break
		sleep 0.05
	done
	echo after >>"$D/alpha.log"
	for _ in $(seq 200); do
		! grep -q after "$D/out" || break
		sleep 0.05
	done
	answers "GET /v1/containers?all=1 200 []"
	wait "$reader"
	[ "$(sed -n 1p "$D/out")" = '-                        before' ]
	[[ $(sed -n 2p "$D/out") =~ ^2[0-9]{3}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]\.[0-9]{3}Z\ after$ ]]
}

# ---- exec ------------------------------------------------------------------------------------------------------------------

@test "exec: becomes the runtime's" {
	printf '#!/bin/sh\necho "$@"\n' >"$D/runtime"
	chmod +x "$D/runtime"
	run -0 carte exec -e A=1 -w /tmp -u 7 web ls -l
	[ "$output" = "--root $D/root exec --user 7:0 --cwd /tmp --env A=1 cc44$(printf '0%.0s' {1..28}) ls -l" ]
	fails 6 "carte: exec: 'gone' does not run" carte exec gone ls
	fails 6 "carte: exec: no replica of 'blog/db' runs" carte exec blog/db ls
	# the fake's containers have the root of this host
	run -0 carte exec -u root:daemon alpha id
	[[ $output == *' --user 0:1 '* ]]
	fails 4 "carte: exec: the container's /etc/passwd has no user 'nobodyofthatname'" carte exec -u nobodyofthatname alpha id
}

# ---- run -------------------------------------------------------------------------------------------------------------------

@test "run: -d prints the ID; the document has what the options say" {
	run -0 carte run -d --name box --rm -e A=1 -e B=x=y -p 8080:80 -p 127.0.0.1:53:53/udp -p 9000-9001:90-91 -p 7 \
		-v "$D:/data:ro" -v vol:/v -v /anonymous --tmpfs /t:size=1m,mode=700 --mount type=bind,src=/etc,dst=/e,readonly \
		--hostname h --memory 64m --memory-swap -1 --cpus 0.5 --pids-limit 50 -u 1:2 -w /w --read-only --cap-add NET_ADMIN \
		--cap-drop ALL --security-opt no-new-privileges --ulimit nofile=10:20 --ulimit core=0 --sysctl net.a=1 --device /dev/null \
		--health-cmd 'test -e /ok' --health-interval 5s --health-retries 2 --stop-signal INT --stop-timeout 4 -l a=b -l c \
		--init --add-host db:10.0.0.1 --dns 9.9.9.9 --shm-size 1m --log-opt max-size=1m --oom-score-adj 5 \
		--ip 10.5.5.5 --network mine --network-alias other --cidfile "$D/cid" localhost/box sh -c 'echo $HOME'
	[ "$output" = "ee88$(printf '0%.0s' {1..28})" ]
	[ "$(cat "$D/cid")" = "$output" ]
	[ "$(document | jq -r '.name + " " + (.services | keys[0])')" = 'default box' ]
	[ "$(service '[.image, .command, .container_name]')" = '["localhost/box",["sh","-c","echo $HOME"],"box"]' ]
	[ "$(service .environment)" = '{"A":"1","B":"x=y"}' ]
	[ "$(service '[.ports[] | [.host_ip, .published, .target, .protocol]]')" = \
		'[[null,"8080",80,"tcp"],["127.0.0.1","53",53,"udp"],[null,"9000",90,"tcp"],[null,"9001",91,"tcp"],[null,null,7,"tcp"]]' ]
	[ "$(service '[.volumes[] | [.type, .source, .target, .read_only]]')" = \
		"[[\"bind\",\"$D\",\"/data\",true],[\"volume\",\"vol\",\"/v\",null],[\"volume\",null,\"/anonymous\",null],[\"bind\",\"/etc\",\"/e\",true],[\"tmpfs\",null,\"/t\",null]]" ]
	[ "$(service '.volumes[4].tmpfs')" = '{"size":1048576,"mode":448}' ]
	[ "$(document | jq -c .volumes)" = '{"vol":{"name":"vol"}}' ]
	[ "$(service '[.networks, .hostname]')" = '[{"mine":{"ipv4_address":"10.5.5.5","aliases":["other"]}},"h"]' ]
	[ "$(document | jq -c .networks)" = '{"mine":{"name":"mine","external":true}}' ]
	[ "$(service '[.deploy.resources.limits, .memswap_limit, .pids_limit, .shm_size]')" = '[{"cpus":"0.5","memory":67108864},-1,50,1048576]' ]
	[ "$(service '[.user, .working_dir, .read_only, .cap_add, .cap_drop, .security_opt, .devices, .init]')" = \
		'["1:2","/w",true,["NET_ADMIN"],["ALL"],["no-new-privileges"],["/dev/null"],true]' ]
	[ "$(service '[.ulimits, .sysctls, .labels, .extra_hosts, .dns]')" = \
		'[{"nofile":{"soft":10,"hard":20},"core":{"soft":0,"hard":0}},{"net.a":"1"},{"a":"b","c":""},{"db":"10.0.0.1"},["9.9.9.9"]]' ]
	[ "$(service '[.healthcheck, .stop_signal, .stop_grace_period, .logging.options, .oom_score_adj]')" = \
		'[{"test":["CMD-SHELL","test -e /ok"],"interval":"5s","retries":2},"INT","4s",{"max-size":"1m"},5]' ]
	[ "$(service '.["x-carte"].remove')" = true ]
}

@test "run: -P publishes what the image exposes, besides what -p says" {
	mkdir -p "$CARTE_STORE/blobs/sha256"
	blob() { # TEXT: into the store; prints its digest
		local hex
		hex=$(printf %s "$1" | sha256sum | cut -d' ' -f1)
		printf %s "$1" >"$CARTE_STORE/blobs/sha256/$hex"
		printf 'sha256:%s' "$hex"
	}
	config=$(blob '{"config":{"ExposedPorts":{"80/tcp":{},"132/sctp":{},"53/udp":{},"9000":{}}}}')
	manifest=$(blob "{\"schemaVersion\":2,\"config\":{\"digest\":\"$config\"}}")
	printf '{"manifests":[{"digest":"%s","annotations":{"org.opencontainers.image.ref.name":"localhost/ports:latest"}}]}' "$manifest" >"$CARTE_STORE/index.json"
	carte run -d -P -p 8080:80 ports 2>"$D/err"
	[ "$(cat "$D/err")" = 'ports: exposed port 132/sctp is not published: tcp and udp are' ]
	[ "$(service '[.ports[] | [.published, .target, .protocol]] | sort')" = '[[null,53,"udp"],[null,9000,"tcp"],["8080",80,"tcp"]]' ]
	fails 125 "carte: run: --publish-all: no image 'nosuch' in $CARTE_STORE" carte run -d -P nosuch
}

@test "run: options behind the image are the program's" {
	carte run -d box ls -l --rm
	[ "$(service '[.command, .["x-carte"]]')" = '[["ls","-l","--rm"],null]' ]
	[[ $(document | jq -r '.services | keys[0]') =~ ^box-[0-9a-f]{6}$ ]]
}

@test "run: variables of files and of here" {
	printf '# comment\n\nA=file\n  C=3\nHERE\nNOTHERE\n' >"$D/env"
	HERE=there carte run -d --env-file "$D/env" -e A=option box
	[ "$(service .environment)" = '{"A":"option","C":"3","HERE":"there"}' ]
	fails 125 "carte: run: --env-file $D/none: No such file or directory" carte run -d --env-file "$D/none" box
}

@test "run: networks that are modes" {
	for mode in host none container:alpha ns:/run/netns/x; do
		carte run -d --network "$mode" box
		[ "$(service '[.network_mode, .networks]')" = "[\"$mode\",null]" ]
	done
	carte run -d box
	[ "$(service '[.network_mode, .networks]')" = '[null,{"default":{}}]' ]
	fails 125 'carte: run: invalid value "10.0.0.1" for --ip: only with a network of containers' carte run -d --network host --ip 10.0.0.1 box
}

@test "run: an empty entrypoint is not none" {
	carte run -d --entrypoint '' box x
	[ "$(service '[.entrypoint, .command]')" = '[[],["x"]]' ]
	carte run -d --entrypoint /bin/x box
	[ "$(service '[.entrypoint, .command]')" = '[["/bin/x"],null]' ]
}

@test "run: what is wrong, in one line, status 125" {
	while IFS='|' read -r words message; do
		# shellcheck disable=SC2086
		fails 125 "carte: run: $message" carte run -d $words box
	done <<-'END'
		-p 70000:80|invalid value "70000:80" for --publish: expected [IP:][HOST-PORT:]PORT[/tcp|/udp], ports from 1 to 65535
		-p 80:80/sctp|invalid value "80:80/sctp" for --publish: tcp or udp
		-p 80-81:80|invalid value "80-81:80" for --publish: the ranges differ in length
		-p ::1:80:80|invalid value "::1:80:80" for --publish: the address is no IPv4 address
		-v a:b|invalid value "a:b" for --volume: the path in the container must be absolute
		-v a:/b:frob|invalid value "a:/b:frob" for --volume: options are ro and rw
		--mount type=frob,dst=/x|invalid value "type=frob,dst=/x" for --mount: type is bind, volume or tmpfs
		--mount type=bind,dst=/x|invalid value "type=bind,dst=/x" for --mount: a bind mount needs source=
		--tmpfs x|invalid value "x" for --tmpfs: expected an absolute path in the container
		--tmpfs /x:frob|invalid value "/x:frob" for --tmpfs: options are size=, mode=, ro
		-m lots|invalid value "lots" for --memory: expected a size such as 512m
		--ulimit nofile|invalid value "nofile" for --ulimit: expected NAME=SOFT[:HARD]
		--sysctl a|invalid value "a" for --sysctl: expected NAME=VALUE
		-e =x|invalid value "=x" for --env: expected NAME=VALUE
		--oom-score-adj 2000|invalid value "2000" for --oom-score-adj: expected a number from -1000 to 1000
		--rm --restart always|--rm and --restart always exclude each other
	END
	[ ! -s "$D/requests" ]
	fails 125 'carte: run: --restart always needs -d: what is in the foreground is not supervised' carte run --restart always box
	fails 2 'carte: run: needs at least 1 argument, got 0: run [OPTIONS] IMAGE [COMMAND [ARGUMENT...]]' carte run
	touch "$D/cid"
	fails 125 "carte: run: --cidfile $D/cid: File exists" carte run --cidfile "$D/cid" box
	[ -e "$D/cid" ]
}

@test "run: what is not UTF-8 is refused, and nothing is asked" {
	fails 125 'carte: run: "ab..." is not UTF-8' carte run -d -e A=1 -e X=$'ab\xff' -e Y=2 box
	fails 125 'carte: run: "..." is not UTF-8' carte run -d box sh $'\xc3' -c
	[ -z "$(document)" ]
	carte run -d -e X=grün box
	[ "$(service .environment.X)" = '"grün"' ]
}

@test "run: what the supervisor refuses, and a start that fails" {
	answers 'POST /v1/containers 409 {"error":"there is a container '"'box'"'","kind":"exists"}'
	fails 125 "carte: run: there is a container 'box'" carte run -d --name box --cidfile "$D/cid" i
	[ ! -e "$D/cid" ]
	answers "GET /v1/containers/ee88$(printf '0%.0s' {1..28}) 200 {\"name\":\"box\",\"state\":\"failed\",\"reason\":\"no image 'i'\"}"
	fails 125 "carte: run: box: no image 'i'" carte run -d --name box i
}

@test "run: in the foreground the runtime is our child; the supervisor learns the end" {
	printf '#!/bin/sh\necho "$@" >"%s/args"\ncat\nexit 9\n' "$D" >"$D/runtime"
	chmod +x "$D/runtime"
	run -9 bash -c "echo typed | '$CARTE' run --name box -i i"
	[ "$output" = typed ]
	id=ee88$(printf '0%.0s' {1..28})
	grep -qE -- "^--root $D/root --log /proc/[0-9]+/fd/[0-9]+ --log-format json run --bundle $D/bundle $id\$" "$D/args"
	asked POST "/v1/containers/$id/finished" '{"status":9}'
	# without -i nothing is read
	run -9 bash -c "echo typed | '$CARTE' run --name box2 i"
	[ "$output" = '' ]
}

@test "run: what the runtime could not start has docker's statuses" {
	for case in '127|exec: \"x\": stat x: no such file or directory' '126|exec: \"/bin\": is a directory: permission denied' '125|mount: no'; do
		printf '#!/bin/sh\nprintf %%s "%s" >"$4"\nexit 1\n' "{\\\"msg\\\":\\\"$(sed 's/["\\]/\\\\&/g' <<<"${case#*|}")\\\"}" >"$D/runtime"
		chmod +x "$D/runtime"
		run "-${case%%|*}" carte run i
	done
}

@test "run: signals sent to carte reach the runtime" {
	printf '#!/bin/bash\ntrap "exit 42" TERM\ntouch "%s/up"\nfor i in {1..500}; do sleep 0.02; done\n' "$D" >"$D/runtime"
	chmod +x "$D/runtime"
	"$CARTE" run --name box i 3>&- &
	pid=$!
	for _ in $(seq 250); do
		[ ! -e "$D/up" ] || break
		sleep 0.02
	done
	kill -TERM $pid
	status=0
	wait $pid || status=$?
	[ "$status" = 42 ]
}

# ---- services ---------------------------------------------------------------------------------------------------------------

@test "services: a table, names, JSON" {
	run -0 carte services
	[[ $output == *'shop/web        2/2     target 1-8   localhost/box:latest   3          0.0.0.0:80->80/tcp'* ]]
	[ "$(carte services -q | tr '\n' ' ')" = 'default/alpha shop/web shop/db blog/db ' ]
	[ "$(carte services --format json | jq -r '.[1].name')" = web ]
	carte services -p 'a b'
	grep -q 'project=a%20b' "$D/requests"
}

@test "scale: to a number, what is refused, back to the autoscaler, why" {
	run -0 carte scale web=3
	[ "$output" = 'shop/web: 3 wanted, 4 admitted' ]
	asked POST /v1/services/shop/web/scale '{"replicas":3}'
	run -9 --separate-stderr carte scale -d shop/web=8
	[ "$output" = 'shop/web: 8 wanted, 4 admitted' ]
	[ "$stderr" = 'carte: scale: shop/web: 4 of 8 refused: memory: 4 fit' ]
	run carte scale --auto web
	asked POST /v1/services/shop/web/scale '{"auto":true}'
	run -0 carte scale --why web
	[ "${lines[1]}" = '2020-01-01T00:00:00Z   2      4    cpu 95 % over 50 %' ]
	fails 2 "carte: scale: 'web': expected SERVICE=NUMBER, such as web=8" carte scale web
	fails 2 "carte: scale: 'web=x': expected SERVICE=NUMBER, such as web=8" carte scale web=x
	fails 4 "carte: scale: no service 'zeta'" carte scale zeta=1
}

@test "scale --why: what policy predict forecasts" {
	{
		echo 'GET /v1/services/shop/web 200 {"project":"shop","name":"web","policy":"predict"}'
		printf '%s' 'GET /v1/services/shop/web/forecast 200 {"mode":"act","open":true,"gate":"weekly: its loss is 61 % of the last value'"'"'s",' \
			'"model":"weekly","load":1.98,"quantile":0.95,"upper":4.4,"horizonSeconds":182,"startSeconds":120,"controlSeconds":60,"drainSeconds":2,' \
			'"floor":4,"why":"weekly says so","models":[{"model":"persistence","loss":0.5},{"model":"weekly","loss":0.3},{"model":"profile","loss":null}],' \
			'"candidates":[{"replicas":2,"lateSeconds":199.5,"readySeconds":364,"starts":0,"cost":20318.5},' \
			'{"replicas":4,"lateSeconds":0,"readySeconds":488,"starts":2,"cost":508}]}'
	} >"$D/answers"
	run -0 carte scale --why web
	[ "${lines[0]}" = 'shop/web: policy predict, mode act' ]
	[ "${lines[1]}" = "  forecasts are believed: weekly: its loss is 61 % of the last value's" ]
	[ "${lines[2]}" = '  load 1.98 replicas on target; forecast: at most 4.4 in 182 s (quantile 0.95)' ]
	[ "${lines[3]}" = '  horizon 182 s: start 120 s, control 60 s, drain 2 s' ]
	[ "${lines[4]}" = '  loss: persistence 0.5, weekly* 0.3, profile not known yet' ]
	[ "${lines[6]}" = '         2        199.5        364.0        0      20318.5' ]
	[ "${lines[7]}" = '         4          0.0        488.0        2        508.0  <- the least' ]
	[ "${lines[8]}" = '  asks for at least 4: weekly says so' ]
	[ "${lines[10]}" = '2020-01-01T00:00:00Z   2      4    cpu 95 % over 50 %' ]
	# before its first round there is nothing to tell, and that is no failure
	echo 'GET /v1/services/shop/web 200 {"project":"shop","name":"web","policy":"predict"}' >"$D/answers"
	echo 'GET /v1/services/shop/web/forecast 404 {"error":"nothing is forecast","kind":"not-found"}' >>"$D/answers"
	run -0 carte scale --why web
	[ "${lines[1]}" = '2020-01-01T00:00:00Z   2      4    cpu 95 % over 50 %' ]
	# one that is only told would ask
	echo 'GET /v1/services/shop/web 200 {"project":"shop","name":"web","policy":"predict"}' >"$D/answers"
	echo 'GET /v1/services/shop/web/forecast 200 {"mode":"forecast-only","open":false,"gate":"9 of 120 minutes are learned","floor":3}' >>"$D/answers"
	run -0 carte scale --why web
	[ "${lines[1]}" = '  no forecast is believed: 9 of 120 minutes are learned' ]
	[[ $output == *'  would ask for at least 3'* ]]
	[ "$(carte scale --why --format json web | jq -r '.[0].to')" = 4 ]
}

@test "rollout, rollback, history" {
	run -0 carte rollout web
	[ "$output" = 'shop/web: revision 3, 2 of 2 ready, no update is going on' ]
	carte rollout pause web
	asked POST /v1/services/shop/web/rollout '{"paused":true}'
	carte rollout resume shop/web
	asked POST /v1/services/shop/web/rollout '{"paused":false}'
	fails 2 "carte: rollout: no such word 'stop': pause or resume" carte rollout stop web
	carte rollback --to-revision 2 web
	asked POST /v1/services/shop/web/rollback '{"revision":2}'
	carte rollback web
	asked POST /v1/services/shop/web/rollback '{}'
	run -0 carte history web
	[[ ${lines[1]} == '3          '*' years ago   image changed' ]]
	fails 4 "carte: history: no image and no service 'zeta'" carte history zeta
}

# ---- cp --------------------------------------------------------------------------------------------------------------------

# The fake's containers have the root of this host; so what is copied is of this test's folder, by way of a container.
@test "cp: files and folders, both ways, into and beside" {
	mkdir -p "$D/a/in" "$D/there"
	echo 1 >"$D/a/f"
	echo 2 >"$D/a/in/g"
	ln -s /etc/passwd "$D/a/link"
	chmod 751 "$D/a/in"
	carte cp "$D/a/f" "alpha:$D/f2"
	[ "$(cat "$D/f2")" = 1 ]
	carte cp "alpha:$D/a/f" "$D/there"
	[ "$(cat "$D/there/f")" = 1 ]
	carte cp "alpha:$D/a" "$D/b"
	[ "$(cat "$D/b/in/g")" = 2 ]
	[ "$(readlink "$D/b/link")" = /etc/passwd ]
	[ "$(stat -c %a "$D/b/in")" = 751 ]
	carte cp "alpha:$D/a" "$D/there"
	[ "$(cat "$D/there/a/f")" = 1 ]
	carte cp "$D/a/." "alpha:$D/c"
	[ "$(cat "$D/c/in/g")" = 2 ]
	(cd "$D" && carte cp a/f "alpha:$D/rel" && [ "$(cat rel)" = 1 ])
}

@test "cp: tar on standard input and output" {
	mkdir -p "$D/a" "$D/to"
	echo 1 >"$D/a/f"
	[ "$(carte cp "alpha:$D/a" - | tar -t | sort | tr '\n' ' ')" = 'a/ a/f ' ]
	tar -C "$D" -c a | carte cp - "alpha:$D/to"
	[ "$(cat "$D/to/a/f")" = 1 ]
}

@test "cp: what is wrong" {
	fails 2 'carte: cp: one of the two must be CONTAINER:PATH, and one must not' carte cp a b
	fails 2 'carte: cp: one of the two must be CONTAINER:PATH, and one must not' carte cp alpha:/a alpine:/b
	fails 1 "carte: cp: alpha:$D/none: No such file or directory" carte cp "alpha:$D/none" "$D"
	fails 6 "carte: cp: 'gone' does not run" carte cp gone:/x "$D"
	mkfifo "$D/pipe"
	fails 7 "carte: cp: alpha:$D/pipe: is a device, a pipe or a socket, which is not copied" carte cp "alpha:$D/pipe" "$D/x"
	[ ! -e "$D/x" ]
}

# ---- system, doctor ---------------------------------------------------------------------------------------------------------

@test "system: info, df, prune" {
	run -0 carte system info
	[[ $output == *'pool         2.0 processors, 4.0GiB of memory, 2.0GiB available'* ]]
	[ "$(carte system info --format json | jq -r .version)" = 0.1.0 ]
	mkdir -p "$CARTE_STORE/blobs/sha256"
	head -c 5000 /dev/zero >"$CARTE_STORE/blobs/sha256/x"
	run -0 carte system df
	[[ $output == *'image blobs       1       8.0KiB'* ]]
	fails 2 'carte: system: containers that ended and what no image needs would go: say so with -f' carte system prune </dev/null
	fails 2 "carte: system: no such word 'frob': df, prune, info or doctor" carte system frob
}

@test "doctor: each line has a verdict, what is not good a remedy" {
	run carte doctor
	[ "$status" -le 1 ]
	[ -z "$(grep -vE '^(ok|warn|bad) +|^ +-> ' <<<"$output")" ]
	[[ $output == *'supervisor             runs, process '* ]]
	[ "$(grep -cE '^(warn|bad)' <<<"$output")" = "$(grep -c '^ *-> ' <<<"$output")" ]
	carte doctor --format json >"$D/json" || [ $? = 1 ]
	[ "$(jq -r '.[] | select(.check == "supervisor") | .verdict' "$D/json")" = ok ]
	CARTE_STORE=/proc/none run -1 carte doctor
	[[ $output == *'bad   store '* ]]
	# looking starts nothing
	CARTE_SOCKET=$D/none run carte doctor
	[[ $output == *'supervisor             does not run; the first command that needs it starts it'* ]]
	[ ! -e "$D/none" ]
}
