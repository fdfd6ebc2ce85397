#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# carte_run.bats - carte with a supervisor and containers: what people do with docker, one after the other. The supervisor has folders of its
# own and a network namespace of its own, so that bridges and ports are nobody else's.
# shellcheck disable=SC2030,SC2031,SC2016,SC2154
bats_require_minimum_version 1.5.0

TESTS=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
# shellcheck source=tests/lib/carte.sh
. "$TESTS/lib/carte.sh"
# shellcheck source=tests/lib/runtime.sh
. "$TESTS/lib/runtime.sh"

setup_file() {
	carte_find || skip 'carte is not built'
	[ "$(id -u)" = 0 ] || skip 'networks and cgroups of containers need root'
	[ -x /usr/lib/cni/bridge ] || skip 'the CNI plugins are not installed'
	# short, for the socket's path; on the file system of images
	W=$(mktemp -d /var/tmp/carte-run-XXXXXX)
	export W CARTE_STATE_DIR=$W/state CARTE_RUN_DIR=$W/run CARTE_STORE=$W/store NO_COLOR=1
	unset CARTE_SOCKET
	rootfs_busybox "$W/ctx/root" || skip 'no static busybox'
	printf 'FROM scratch\nNAME localhost/box\nPATH root/ /\n' >"$W/ctx/Cartefile"
	"$CARTE" build -q "$W/ctx" >/dev/null
	unshare --net sh -c 'ip link set lo up; exec "$0" serve --no-tcp --daemon' "$(dirname "$CARTE")/carte-scale" 3>&-
	SERVER=$("$CARTE" system info --format json | jq .pid)
	export SERVER
}

teardown_file() {
	[ -n "${W:-}" ] || return 0
	local left
	"$CARTE" down -p shop -v >/dev/null 2>&1 || true
	for left in $("$CARTE" ps -aq 2>/dev/null); do
		"$CARTE" rm -f "$left" >/dev/null 2>&1 || true
	done
	[ -z "${SERVER:-}" ] || kill "$SERVER"
	for _ in $(seq 100); do
		[ -d "/proc/${SERVER:-none}" ] || break
		sleep 0.05
	done
	# nothing of a container may be left
	! grep "$W" /proc/self/mountinfo || return 1
	rm -rf --one-file-system "$W"
}

setup() {
	D=$BATS_TEST_TMPDIR
	N=t$BATS_TEST_NUMBER
}

teardown() {
	local left
	[ -z "${server:-}" ] || kill -9 "$server" 2>/dev/null || true
	for left in $("$CARTE" ps -aq --filter "name=$N" 2>/dev/null); do
		"$CARTE" rm -f "$left" >/dev/null 2>&1 || true
	done
}

carte() { timeout 60 "$CARTE" "$@" 3>&-; }

until_true() { # SECONDS COMMAND...
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.05
	done
}

state() { carte inspect "$1" | jq -r '.[0].state'; }
is() { [ "$(state "$1")" = "$2" ]; }

@test "run: in the foreground, output, input, exit status" {
	run -0 carte run --name "$N-a" localhost/box echo hello
	[ "$output" = hello ]
	run -7 carte run --name "$N-b" box sh -c 'exit 7'
	[ "$output" = '' ]
	[ "$(echo typed | carte run --name "$N-c" -i box cat)" = typed ]
	[ "$(echo typed | carte run --name "$N-d" box cat)" = '' ]
}

@test "run: the end in the foreground is known" {
	run -7 carte run --name "$N" box sh -c 'exit 7'
	until_true 5 is "$N" exited
	[ "$(carte inspect "$N" | jq '.[0].exitStatus')" = 7 ]
	run -0 carte ps -a --filter "name=$N"
	[[ $output == *'Exited (7) '* ]]
}

@test "run: --rm leaves nothing" {
	run -3 carte run --rm --name "$N" box sh -c 'exit 3'
	gone() { [ -z "$(carte ps -aq --filter "name=$N")" ]; }
	until_true 5 gone
}

@test "run: what cannot be started has docker's statuses, and a line" {
	run -127 carte run --rm --name "$N-a" box /nonexistent
	[[ $output == *'/nonexistent'* ]]
	run -126 carte run --rm --name "$N-b" box /etc/passwd
	run -125 carte run --rm --name "$N-c" nosuchimage true
	[[ $output == 'carte: run: '*nosuchimage* ]]
	run -125 carte run -d --name "$N-d" nosuchimage true
	[[ $output == 'carte: run: '*nosuchimage* ]]
}

@test "run: -d, and all that is done with one" {
	run -0 carte run -d --name "$N" -e GREETING=hi -w /tmp --hostname there -m 64m --label a=b box \
		sh -c 'trap "echo bye; exit 3" TERM; echo "$GREETING $(pwd) $(hostname)"; while :; do sleep 0.1; done'
	[[ $output =~ ^[0-9a-f]{32}$ ]]
	id=$output
	[ "$(carte ps -q --no-trunc --filter "name=$N")" = "$id" ]
	up() { [ -n "$(carte logs "$N")" ]; }
	until_true 5 up
	[ "$(carte logs "$N")" = 'hi /tmp there' ]
	[ "$(carte logs "${id:0:8}")" = 'hi /tmp there' ]

	[ "$(carte exec "$N" hostname)" = there ]
	run -5 carte exec "$N" sh -c 'exit 5'
	[ "$(echo in | carte exec -i "$N" cat)" = in ]
	[ "$(carte exec -u alice -e A=1 -w / "$N" sh -c 'echo $(id -u) $A $(pwd)')" = '1000 1 /' ]

	carte pause "$N"
	[[ $(carte ps --filter "name=$N") == *'(paused)'* ]]
	carte resume "$N"
	carte top "$N" | grep -q 'sh -c trap'
	stats() { [[ $(carte stats --no-stream "$N") == *'64.0MiB'* ]]; }
	until_true 5 stats

	run -0 carte stop "$N"
	[ "$output" = "$N" ]
	is "$N" exited
	[ "$(carte wait "$N")" = 3 ]
	[ "$(carte logs "$N")" = $'hi /tmp there\nbye' ]
	run -6 carte exec "$N" true

	carte start "$N"
	container_runs() { [ "$(carte inspect "$N" | jq '.[0].pid')" -gt 0 ]; }
	container_runs
	first=$(carte inspect "$N" | jq '.[0].pid')
	carte restart -t 5 "$N"
	container_runs
	[ "$(carte inspect "$N" | jq '.[0].pid')" != "$first" ]

	run carte rm "$N"
	[ "$status" = 6 ]
	carte kill -s KILL "$N"
	until_true 5 is "$N" exited
	[ "$(carte inspect "$N" | jq '.[0].exitStatus')" = 137 ]
	run -0 carte rm "$N"
	[ -z "$(carte ps -aq --filter "name=$N")" ]
}

@test "run: two of one name" {
	carte run -d --name "$N" box sleep 100
	run -125 carte run -d --name "$N" box sleep 100
	[[ $output == "carte: run: "*"$N"* ]]
}

@test "run: volumes, tmpfs, read-only, users, limits reach the container" {
	mkdir "$D/host"
	echo data >"$D/host/f"
	run -0 carte run --rm --name "$N" -v "$D/host:/data:ro" --tmpfs /scratch:size=1m --read-only -u 1000:50 --ulimit nofile=77:88 \
		--add-host db:10.0.0.1 box sh -c 'cat /data/f; id -u; id -g; ulimit -n; grep db /etc/hosts
		touch /x 2>/dev/null || echo root is read-only; touch /data/x 2>/dev/null || echo volume is read-only; df -k /scratch | tail -n 1'
	[ "${lines[*]:0:4}" = 'data 1000 50 77' ]
	[[ ${lines[4]} =~ ^10\.0\.0\.1[[:space:]]+db$ ]]
	[ "${lines[5]}" = 'root is read-only' ]
	[ "${lines[6]}" = 'volume is read-only' ]
	[[ ${lines[7]} == *1024*'/scratch' ]]
}

@test "run: a terminal in the foreground" {
	run -0 "$TESTS/lib/pty-run" -- "$CARTE" run --rm -it --name "$N" box sh -c 'test -t 0 && test -t 1 && echo a terminal'
	[[ $output == *'a terminal'* ]]
}

@test "run: SIGTERM to carte reaches the program" {
	"$CARTE" run --name "$N" box sh -c 'trap "exit 42" TERM; echo up; while :; do sleep 0.05; done' >"$D/out" 3>&- &
	pid=$!
	until_true 10 grep -q up "$D/out"
	kill -TERM $pid
	status=0
	wait $pid || status=$?
	[ "$status" = 42 ]
}

@test "run: --restart on-failure brings it back" {
	carte run -d --name "$N" --restart on-failure:3 -v "$D:/d" box sh -c 'echo x >>/d/starts; [ "$(wc -l </d/starts)" -ge 2 ] && exec sleep 100; exit 1'
	back() { [ "$(wc -l <"$D/starts")" = 2 ] && is "$N" ready; }
	until_true 10 back
	[ "$(carte inspect "$N" | jq '.[0].restarts')" = 1 ]
}

@test "logs: -f ends with the container" {
	carte run -d --name "$N" box sh -c 'for i in 1 2 3; do echo line $i; sleep 0.2; done'
	[ "$(carte logs -f "$N")" = $'line 1\nline 2\nline 3' ]
}

@test "attach: from now on, until the end" {
	carte run -d --name "$N" box sh -c 'echo early; sleep 1; echo late'
	up() { [ -n "$(carte logs "$N")" ]; }
	until_true 5 up
	[ "$(carte attach "$N")" = late ]
}

@test "cp: both ways, and links in the container lead nowhere else" {
	carte run -d --name "$N" box sh -c 'ln -s /etc /tmp/link; ln -s ../../../../.. /tmp/up; exec sleep 100'
	linked() { carte exec "$N" test -L /tmp/up; }
	until_true 5 linked
	echo "into" >"$D/f"
	carte cp "$D/f" "$N:/tmp/"
	[ "$(carte exec "$N" cat /tmp/f)" = into ]
	[ "$(carte exec "$N" stat -c %u /tmp/f)" = 0 ]
	# the container's /etc, not ours
	carte cp "$D/f" "$N:/tmp/link/written"
	[ "$(carte exec "$N" cat /etc/written)" = into ]
	[ ! -e /etc/written ]
	carte cp "$N:/tmp/up/etc/passwd" "$D/passwd"
	carte exec "$N" cat /etc/passwd | diff - "$D/passwd"
	carte cp "$N:/home" "$D/"
	[ -d "$D/home/alice" ]
	[ "$(carte cp "$N:/etc/written" - | tar -xO)" = into ]
	tar -C "$D" -c f | carte cp - "$N:/home"
	[ "$(carte exec "$N" cat /home/f)" = into ]
}

@test "events: tell what happened" {
	carte run -d --name "$N" box sh -c 'exit 4'
	until_true 5 is "$N" exited
	carte events --no-follow --filter container="$N" >"$D/events"
	grep -q "start $N" "$D/events"
	grep -q "die $N (status 4)" "$D/events"
}

@test "up, scale, services, logs, down" {
	cat >"$D/compose.yaml" <<-END
		name: shop
		services:
		  web:
		    image: localhost/box
		    command: ["sh", "-c", "echo hello from \$\$(hostname); exec sleep 1000"]
		    stop_signal: SIGKILL
		  db:
		    image: localhost/made-here
		    build: {context: "$W/ctx"}
		    command: ["sleep", "1000"]
		    stop_signal: SIGKILL
	END
	cd "$D"
	[ "$(carte config --services | sort | tr '\n' ' ')" = 'db web ' ]
	run carte up -d --wait
	echo "$output"
	[ "$status" = 0 ]
	[[ $output == *'shop/web: created'* ]]
	[[ $output == *'db: building localhost/made-here'* ]]
	[ "$(carte ps -q --filter project=shop | wc -l)" = 2 ]
	run -0 carte scale web=3
	[ "$output" = 'shop/web: 3 wanted, 3 admitted' ]
	[ "$(carte ps -q --filter project=shop --filter service=web | wc -l)" = 3 ]
	[ "$(carte services --format json | jq -c '[.[] | select(.name == "web") | .ready, .desired]')" = '[3,3]' ]
	[ "$(carte logs web | grep -c '^shop-web-[123] | hello from ')" = 3 ]
	[ "$(carte exec web echo in)" = in ]
	run -0 carte up -d --wait
	[[ $output == *'shop/web: unchanged'* ]]
	carte stop web
	[ "$(carte ps -q --filter project=shop --filter service=web | wc -l)" = 0 ]
	carte start web
	[ "$(carte ps -q --filter project=shop --filter service=web | wc -l)" -ge 1 ]
	run -0 carte history web
	[ "${#lines[@]}" -ge 2 ]
	run -0 carte down
	[ -z "$(carte ps -aq --filter project=shop)" ]
	run -0 carte down
	[ "$output" = 'shop: there is no such project, nothing to do' ]
}

@test "system: prune forgets what ended, info tells the pool" {
	carte run -d --name "$N" box true
	until_true 5 is "$N" exited
	run -0 carte system prune -f
	[[ $output == *"$N"* ]]
	[ -z "$(carte ps -aq --filter "name=$N")" ]
	[ "$(carte system info --format json | jq -r .stateDir)" = "$CARTE_STATE_DIR" ]
	carte system df | grep -q 'image blobs'
}

@test "system: prune leaves what containers, running or stopped, were made from" {
	mkdir -p "$D/ctx"
	echo "$N" >"$D/ctx/f"
	cp -r "$W/ctx/root" "$D/ctx/root"
	printf 'FROM scratch\nNAME localhost/pinned\nPATH f /own\nPATH root/ /\n' >"$D/ctx/Cartefile"
	carte build -q "$D/ctx" >/dev/null
	carte run -d --name "$N" --stop-signal KILL pinned sleep 1000
	printf 'name: pins\nservices:\n  off: {image: pinned, command: ["sleep", "1000"], stop_signal: SIGKILL, container_name: %s-off}\n' "$N" >"$D/compose.yaml"
	carte up -d --wait -f "$D/compose.yaml"
	carte stop off
	carte rmi pinned
	carte system prune -f
	[ "$(carte exec "$N" cat /own)" = "$N" ]
	carte start off
	until_true 10 is "$N-off" ready
	[ "$(carte exec "$N-off" cat /own)" = "$N" ]
	# with the last of them the layers may go
	carte down -p pins
	carte rm -f "$N"
	run -0 carte system prune -f
	[[ $output == *'unpacked layer'* ]]
}

@test "serve: a socket is handed over as systemd does, blocking; every client is answered" {
	command -v python3 >/dev/null || skip 'python3 is not installed'
	cat >"$D/hand-over.py" <<-'END'
		import os, socket, sys
		listener = socket.socket(socket.AF_UNIX)
		listener.bind(sys.argv[1])
		listener.listen(8)
		os.dup2(listener.fileno(), 3)
		os.set_inheritable(3, True)
		os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
		os.execv(sys.argv[2], sys.argv[2:])
	END
	unshare --net python3 "$D/hand-over.py" "$D/s" "$(dirname "$CARTE")/carte-scale" serve --no-tcp --state-dir "$D/state" --run-dir "$D/run" 3>&- &
	server=$!
	until_true 10 test -S "$D/s"
	for _ in 1 2 3; do
		[ "$(CARTE_SOCKET=$D/s carte system info --format json | jq .pid)" = "$server" ]
	done
	kill "$server"
	wait "$server"
}

@test "load and save: an image goes out and comes back the same" {
	carte save -o "$D/box.tar" box
	carte load -q -i "$D/box.tar" -t "$N"
	[ "$(carte run --rm --name "$N" "$N" echo loaded)" = loaded ]
	(cd "$D" && carte save --format oci-archive box | carte load -t "$N-oci")
	carte images -q | grep -qx "localhost/$N-oci:latest"
	carte rmi "$N" "$N-oci"
	echo nothing >"$D/none.tar"
	run -3 carte load -i "$D/none.tar"
	[ "$output" = "carte: load: $D/none.tar: neither manifest.json nor index.json is in it: it is no archive of docker's nor of an OCI layout" ]
}
