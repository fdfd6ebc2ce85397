#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# carte_systemd.bats - the supervisor as systemd's unit, root's or an ordinary user's: started by the first command, killed, stopped, idle;
# limits, pressure and kills of pure cgroup v2. Installs programs and units, so it runs in the virtual machine only.
# shellcheck disable=SC2030,SC2031,SC2016,SC2154
bats_require_minimum_version 1.5.0

TESTS=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
# shellcheck source=tests/lib/carte.sh
. "$TESTS/lib/carte.sh"
# shellcheck source=tests/lib/runtime.sh
. "$TESTS/lib/runtime.sh"

# cannot REASON - every test is skipped; `skip` in setup_file is none that bats 1.8 takes
cannot() { export WHY=$1; }

setup() { [ -z "${WHY:-}" ] || skip "$WHY"; }

setup_file() {
	[ "${CARTE_VM:-}" = 1 ] || { cannot 'installs units: only in the virtual machine'; return 0; }
	[ -d /run/systemd/system ] || { cannot 'systemd is not PID 1'; return 0; }
	carte_find || { cannot 'carte is not built'; return 0; }
	[ -x "$(dirname "$CARTE")/carte-scale" ] || { cannot 'carte-scale is not built'; return 0; }
	unset CARTE_STATE_DIR CARTE_RUN_DIR CARTE_STORE CARTE_SOCKET
	local dir top
	W=/var/tmp/carte-systemd-$(id -u)
	export NO_COLOR=1 W
	dir=$(dirname "$CARTE") top=$(cd "$TESTS/.." && pwd)
	rm -rf "$W"
	mkdir -p "$W"
	if [ "$(id -u)" = 0 ]; then
		ROOT=1 UNITS=/etc/systemd/system FLAG=--system FROM=$top/dropins BIN=/usr/local/bin STATE=/var/lib/carte/scale RUN=/run/carte
	else
		[ -S "${XDG_RUNTIME_DIR:-/none}/systemd/private" ] || { cannot 'no user manager'; return 0; }
		ROOT=0 UNITS=$HOME/.config/systemd/user FLAG=--user FROM=$top/dropins/user BIN=$W/bin STATE=$HOME/.local/share/carte/scale RUN=$XDG_RUNTIME_DIR/carte
	fi
	export ROOT UNITS FLAG BIN STATE RUN
	mkdir -p "$UNITS" "$BIN"
	cp "$dir/carte" "$dir/carte-scale" "$dir/carte-runtime" "$dir/cartefile-to-oci/cartefile-to-oci" "$BIN/"
	# beside the runtime, as in a build tree
	[ ! -x "$dir/carte-systemd" ] || cp "$dir/carte-systemd" "$BIN/"
	local unit
	for unit in carte-scale.service carte-scale.socket; do
		sed "s|@bindir@|$BIN|g" "$FROM/$unit.in" >"$UNITS/$unit"
	done
	export CARTE=$BIN/carte
	rootfs_busybox "$W/ctx/root" || { cannot 'no static busybox'; return 0; }
	printf 'FROM scratch\nNAME localhost/box\nPATH root/ /\n' >"$W/ctx/Cartefile"
	"$CARTE" build -q "$W/ctx" >/dev/null
	systemctl $FLAG daemon-reload
}

teardown_file() {
	[ -z "${W:-}" ] || {
		"$CARTE" down -p unit -v >/dev/null 2>&1 || true
		systemctl $FLAG stop carte-scale.socket carte-scale.service 2>/dev/null || true
		rm -rf "$W"
	}
}

carte() { timeout 120 "$CARTE" "$@" 3>&-; }
main_pid() { systemctl $FLAG show -P MainPID carte-scale.service; }
active() { [ "$(systemctl $FLAG is-active carte-scale.service)" = "$1" ]; }
another_main() { [ "$(main_pid)" != 0 ] && [ "$(main_pid)" != "$1" ] && active active; }
pids() { carte ps --format json | jq -r '.[] | "\(.name) \(.pid)"' | sort; }
all_alive() { # of "NAME PID" lines
	local pid
	while read -r _ pid; do [ -d "/proc/$pid" ] || return 1; done <<<"$1"
}
until_true() { # SECONDS COMMAND...
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || {
			echo "never: $*"
			journalctl $([ "$ROOT" = 1 ] || echo --user) -u carte-scale --no-pager -n 20 2>/dev/null || true
			return 1
		}
		sleep 0.2
	done
}
cgroup() { sed -n 's/^0:://p' "/proc/$(carte inspect "$1" | jq -r '.[0].pid')/cgroup"; }
# of one on cgroup v2
has() { # CONTAINER FILE VALUE
	local is
	is=$(cat "/sys/fs/cgroup$(cgroup "$1")/$2")
	[ "$is" = "$3" ] || {
		echo "$2 is '$is', not '$3'"
		return 1
	}
}
write_compose() {
	cat >"$W/compose.yaml" <<-END
		name: unit
		services:
		  web:
		    image: localhost/box
		    command: ["sleep", "1000"]
		    stop_signal: SIGKILL
		    network_mode: none
		    restart: always
		    deploy: {replicas: 1, resources: {limits: {cpus: "0.5", memory: 64M, pids: 50}}}
		    secrets: [key]
		secrets: {key: {file: ./key}}
	END
	echo hidden >"$W/key"
}

@test "systemd: the first command starts the supervisor by its socket" {
	systemctl $FLAG start carte-scale.socket
	active inactive
	[ "$(stat -c %a "$RUN/carte.sock")" = 600 ]
	[ "$(carte system info --format json | jq .pid)" = "$(main_pid)" ]
	active active
}

@test "systemd: limits, pressure, secrets; nothing of the unit's is inherited" {
	write_compose
	carte up -d --wait -f "$W/compose.yaml"
	[ "$(carte ps -q | wc -l)" = 1 ]
	if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
		has unit-web-1 cpu.max '50000 100000'
		has unit-web-1 memory.max 67108864
		has unit-web-1 memory.swap.max 67108864
		has unit-web-1 pids.max 50
		measured() { [ "$(carte stats --no-stream --format json | jq '[.[] | .memoryLimit == 67108864 and .cpuPressure != null and .cpuUsec > 0] | all')" = true ]; }
		until_true 30 measured
	fi
	if [ "$ROOT" = 1 ]; then
		[ "$(cat "/proc/$(main_pid)/oom_score_adj")" = -500 ]
		[ "$(cat "/proc/$(pids | sed -n '1s/.* //p')/oom_score_adj")" = 0 ]
	fi
	[ "$(carte exec unit-web-1 cat /run/secrets/key)" = hidden ]
	[ "$(carte exec unit-web-1 stat -c '%a %u' /run/secrets/key)" = '400 0' ]
	[ "$(stat -f -c %T "$RUN/secrets")" = tmpfs ]
	[ -z "$(grep -rl hidden "$STATE/bundles" 2>/dev/null)" ]
}

@test "systemd: killed, it is started again; its containers have not noticed" {
	before=$(pids)
	old=$(main_pid)
	kill -9 "$old"
	until_true 60 another_main "$old"
	all_alive "$before"
	[ "$(pids)" = "$before" ]
	# it does not give up, however often
	[ "$(systemctl $FLAG show -P StartLimitIntervalUSec carte-scale.service)" = 0 ]
}

@test "systemd: stopped and restarted, its containers go on" {
	before=$(pids)
	old=$(main_pid)
	systemctl $FLAG restart carte-scale.service
	another_main "$old"
	[ "$(pids)" = "$before" ]
	systemctl $FLAG stop carte-scale.service
	active inactive
	all_alive "$before"
	[ "$(pids)" = "$before" ]
	active active
	# and one that ends is brought back by the one that adopted it
	pid=$(sed -n 's/^unit-web-1 //p' <<<"$before")
	kill -9 "$pid"
	back() { [ "$(carte inspect unit-web-1 | jq -r '.[0] | "\(.state) \(.pid != '"$pid"')"')" = 'ready true' ]; }
	until_true 60 back
}

@test "systemd: networks and published ports" {
	[ "$ROOT" = 1 ] || skip "an ordinary user's supervisor makes none"
	printf 'name: net\nservices:\n  www: {image: localhost/box, ports: ["8099:80"], stop_signal: SIGKILL, command: ["httpd", "-f", "-h", "/etc"]}\n' >"$W/net.yaml"
	carte up -d --wait -f "$W/net.yaml"
	[ "$(curl -s -m 20 http://127.0.0.1:8099/group | head -n 1)" = root:x:0: ]
	carte exec www grep -q "$(carte inspect net-www-1 | jq -r '.[0].id[0:12]')" /etc/hosts
	carte down -p net
	! curl -s -m 5 http://127.0.0.1:8099/group || return 1
}

@test "systemd: what is killed for want of memory is told" {
	carte run -d --name hungry --network none -m 16m --memory-swap 16m box tail /dev/zero
	killed() { carte events --no-follow | grep -q 'oom.*hungry'; }
	until_true 60 killed
	ended() { [ "$(carte inspect hungry | jq -r '.[0] | "\(.state) \(.oomKilled)"')" = 'exited true' ]; }
	until_true 60 ended
	carte rm hungry
}

@test "systemd: --systemd-cgroup, containers are scopes" {
	[ -x "$BIN/carte-systemd" ] || skip 'built without libdbus'
	if [ "$ROOT" = 1 ]; then
		carte down -p unit
		mkdir -p "$UNITS/carte-scale.service.d"
		printf '[Service]\nExecStart=\nExecStart=%s/carte-scale serve --no-tcp --systemd-cgroup\n' "$BIN" >"$UNITS/carte-scale.service.d/test.conf"
		systemctl daemon-reload
		systemctl restart carte-scale.service
		carte up -d --wait -f "$W/compose.yaml"
	fi
	[[ $(cgroup unit-web-1) == *carte.slice/carte-*.scope ]]
	[ ! -e /sys/fs/cgroup/cgroup.controllers ] || has unit-web-1 memory.max 67108864
	[ "$(systemctl $FLAG list-units --plain --no-legend 'carte-*.scope' | wc -l)" = 1 ]
	# a user's have been scopes all the time
	[ "$ROOT" = 1 ] || return 0
	carte run -d --name hungry --network none -m 16m --memory-swap 16m box sh -c 'tail /dev/zero; sleep 1000'
	killed() { [ "$(carte events --no-follow | grep -c 'oom.*hungry')" -ge "$1" ]; }
	until_true 60 killed 2
	carte rm -f hungry
}

@test "systemd: down leaves nothing; idle, it ends, and the next command starts it" {
	carte down -p unit
	[ -z "$(carte ps -aq)" ]
	no_scopes() { [ -z "$(systemctl $FLAG list-units --plain --no-legend 'carte-*.scope')" ]; }
	until_true 30 no_scopes
	[ -z "$(ls -A "$RUN/secrets" 2>/dev/null)" ]
	[ -z "$(ls -A "$STATE/bundles" "$STATE/hosts" 2>/dev/null | grep -v :)" ]
	mkdir -p "$UNITS/carte-scale.service.d"
	printf '[Service]\nExecStart=\nExecStart=%s/carte-scale serve --no-tcp --idle-exit 1\n' "$BIN" >"$UNITS/carte-scale.service.d/test.conf"
	systemctl $FLAG daemon-reload
	systemctl $FLAG restart carte-scale.service
	until_true 60 active inactive
	# it may have ended again before it is looked for
	pid=$(carte system info --format json | jq .pid)
	[ "$pid" = "$(systemctl $FLAG show -P ExecMainPID carte-scale.service)" ]
}
