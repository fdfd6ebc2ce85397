#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# carte_rootless.bats - an ordinary user's own supervisor: its places, what runs without networks, what is refused. Run by root, the tests
# become a user of their own; run by a user, they are that user's.
# shellcheck disable=SC2030,SC2031,SC2016,SC2154
bats_require_minimum_version 1.5.0

TESTS=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
# shellcheck source=tests/lib/carte.sh
. "$TESTS/lib/carte.sh"
# shellcheck source=tests/lib/runtime.sh
. "$TESTS/lib/runtime.sh"
# shellcheck source=tests/lib/user.sh
. "$TESTS/lib/user.sh"

# of user.sh; setup_file has looked
requires_program() { command -v "$1" >/dev/null; }

# cannot REASON - every test is skipped; `skip` in setup_file is none that bats 1.8 takes
cannot() { export WHY=$1; }

setup() { [ -z "${WHY:-}" ] || skip "$WHY"; }

setup_file() {
	carte_find || { cannot 'carte is not built'; return 0; }
	[ -x "$(dirname "$CARTE")/carte-scale" ] || { cannot 'carte-scale is not built'; return 0; }
	unset CARTE_SOCKET CARTE_STATE_DIR CARTE_RUN_DIR CARTE_STORE
	local program
	for program in jq setpriv newuidmap; do
		command -v $program >/dev/null || { cannot "$program is not installed"; return 0; }
	done
	[ "$(cat /proc/sys/kernel/unprivileged_userns_clone 2>/dev/null || echo 1)" = 1 ] || { cannot 'users may not make user namespaces here'; return 0; }
	[ "$(id -u)" = 0 ] || grep -q "^$(id -un):" /etc/subuid || { cannot 'no ids are lent to this user'; return 0; }
	D=$(mktemp -d /var/tmp/carte-user-XXXXXX)
	ROOT=$D/root
	export D ROOT NO_COLOR=1
	if [ "$(id -u)" = 0 ]; then
		mkdir -p "$D/ctx"
		make_user 1 "$(dirname "$CARTE")" "$D/ctx"
		# secrets are to be in memory
		mount -t tmpfs -o mode=700,uid=$USER_ID,gid=$USER_ID tmpfs "$D/run"
		RUN=$D/run HOMEDIR=$D/home
	else
		# secrets are to be in memory
		[ -n "${XDG_RUNTIME_DIR:-}" ] || XDG_RUNTIME_DIR=$(mktemp -d /dev/shm/carte-user-XXXXXX)
		export XDG_RUNTIME_DIR
		mkdir -p "$D/ctx"
		RUN=$XDG_RUNTIME_DIR HOMEDIR=$HOME
	fi
	export RUN HOMEDIR
	rootfs_busybox "$D/ctx/root" || { cannot 'no static busybox'; return 0; }
	printf 'FROM scratch\nNAME localhost/box\nPATH root/ /\n' >"$D/ctx/Cartefile"
	chmod -R a+rX "$D/ctx"
	user "$CARTE" build -q "$D/ctx" >/dev/null
}

teardown_file() {
	if [ -z "${RUN:-}" ]; then return; fi
	local pid left
	user "$CARTE" down -p home -v >/dev/null 2>&1 || true
	for left in $(user "$CARTE" ps -aq 2>/dev/null); do
		user "$CARTE" rm -f "$left" >/dev/null 2>&1 || true
	done
	pid=$(user "$CARTE" system info --format json 2>/dev/null | jq .pid)
	[ -z "$pid" ] || kill "$pid"
	for _ in $(seq 200); do
		[ -d "/proc/${pid:-none}" ] || break
		sleep 0.05
	done
	[ "$(id -u)" != 0 ] || umount "$D/run"
	case $RUN in /dev/shm/carte-user-*) rm -rf "$RUN" ;; esac
	rm -rf --one-file-system "$D"
}

user() { # COMMAND...
	if [ "$(id -u)" = 0 ]; then as_user "$@"; else "$@"; fi
}
carte() { user timeout 120 "$CARTE" "$@" 3>&-; }
state() { carte inspect "$1" | jq -r '.[0].state'; }
until_true() { # SECONDS COMMAND...
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.1
	done
}

@test "user: the supervisor and its places are the user's" {
	run -0 carte system info --format json
	[ "$(jq -r .stateDir <<<"$output")" = "$HOMEDIR/.local/share/carte/scale" ]
	[ "$(jq -r .runDir <<<"$output")" = "$RUN/carte" ]
	[ "$(stat -c '%u %a' "$RUN/carte/carte.sock")" = "$(user id -u) 600" ]
	[ "$(stat -c %u "/proc/$(jq .pid <<<"$output")")" = "$(user id -u)" ]
}

@test "user: run, in the foreground and supervised" {
	run -0 carte run --rm --network none localhost/box sh -c 'id -u; ip -o link | wc -l'
	[ "${lines[0]}" = 0 ]
	[ "${lines[1]}" = 1 ]
	carte run -d --name one --network host localhost/box sh -c 'echo started; exec sleep 1000' >/dev/null
	[ "$(carte ps -q | wc -l)" = 1 ]
	[ "$(carte logs one)" = started ]
	[ "$(carte exec one echo in)" = in ]
	[ "$(carte exec one readlink /proc/self/ns/net)" = "$(readlink /proc/self/ns/net)" ]
	carte stop -t 0 one
	carte rm one
}

@test "user: a network is refused in one line, and nothing is left of the try" {
	run -125 carte run -d --name two localhost/box true
	[ "$output" = "carte: run: service two: only root's supervisor makes networks: say 'network_mode: host' or 'none' (--network host, --network none)" ]
	[ -z "$(carte ps -aq)" ]
}

@test "user: up, ps, logs, exec, scale, secrets, down" {
	mkdir -p "$D/home-project"
	cat >"$D/home-project/compose.yaml" <<-END
		name: home
		services:
		  web:
		    image: localhost/box
		    network_mode: none
		    command: ["sh", "-c", "echo hello; cat /run/secrets/key; exec sleep 1000"]
		    stop_signal: SIGKILL
		    restart: always
		    healthcheck: {test: ["CMD", "true"], interval: 1s}
		    secrets: [key]
		    volumes: ["data:/data"]
		secrets: {key: {file: ./key}}
		volumes: {data: {}}
	END
	echo hidden >"$D/home-project/key"
	chmod -R a+rX "$D/home-project"
	carte up -d --wait -f "$D/home-project/compose.yaml"
	[ "$(carte services --format json | jq -c '.[] | [.name, .ready]')" = '["web",1]' ]
	carte scale web=3
	[ "$(carte ps -q | wc -l)" = 3 ]
	[ "$(carte logs -p home | grep -c ' | hidden')" = 3 ]
	carte exec web sh -c 'echo kept >/data/f'
	[ "$(carte exec home-web-3 cat /data/f)" = kept ]
	# one that ends comes back; one supervisor that is killed is followed by another
	pid=$(carte inspect home-web-2 | jq '.[0].pid')
	kill -9 "$(carte system info --format json | jq .pid)"
	[ "$(carte inspect home-web-2 | jq '.[0].pid')" = "$pid" ]
	kill -9 "$pid"
	back() { [ "$(carte inspect home-web-2 | jq -r '.[0] | "\(.state) \(.pid != '"$pid"')"')" = 'ready true' ]; }
	until_true 60 back
	[ -z "$(grep -rl hidden "$HOMEDIR/.local/share/carte/scale/bundles" 2>/dev/null)" ]
	carte scale web=1
	carte down -p home -v
	[ -z "$(carte ps -aq)" ]
	[ -z "$(ls -A "$RUN/carte/secrets" 2>/dev/null)" ]
	[ -z "$(ls -A "$HOMEDIR/.local/share/carte/scale/bundles")" ]
	[ ! -e "$HOMEDIR/.local/share/carte/scale/volumes/home_data" ]
}
