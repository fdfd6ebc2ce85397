# SPDX-License-Identifier: Apache-2.0
# scale.sh - what tests of services share: carte and carte-scale in a little machine of their own (engine.sh), images, a load.
# shellcheck shell=bash

# shellcheck source=tests/lib/engine.sh
. "$(dirname "${BASH_SOURCE[0]}")/engine.sh"
# shellcheck source=tests/lib/converter.sh
. "$(dirname "${BASH_SOURCE[0]}")/converter.sh"
SCALE_TOP=$(cd "$ENGINE_LIB/../.." && pwd)

# scale_needs - the whole test is one skip without the programs
scale_needs() {
	local dir=${top_builddir:-$SCALE_TOP/build}
	if [ ! -x "$dir/carte-scale" ] && ! command -v carte-scale >/dev/null; then
		skip "$ENGINE" "carte-scale is not built"
		engine_end
	fi
	export PATH=$dir:$dir/cartefile-to-oci:$PATH
	engine_needs jq curl nft "${CC:-cc}" "$@"
	[ -x /usr/lib/cni/bridge ] || {
		skip "$ENGINE" "no CNI plugins in /usr/lib/cni"
		engine_end
	}
	converter_find || exit 1
}

# scale_begin - after engine_isolate: a state of its own, and the programs that the images hold
scale_begin() {
	export CARTE_STORE=$W/store CARTE_STATE_DIR=$W/state CARTE_RUN_DIR=/run/carte
	mkdir -p "$W/web" "$W/echo"
	local cc=${CC:-cc}
	{
		$cc -std=gnu11 -D_GNU_SOURCE -O2 -static -pthread -o "$W/web/web" "$SCALE_TOP/examples/services/web/web.c" &&
			$cc -std=gnu11 -D_GNU_SOURCE -O2 -static -o "$W/echo/udpecho" "$SCALE_TOP/tests/load/udpecho.c" &&
			$cc -std=gnu11 -D_GNU_SOURCE -O2 -o "$W/bin/openload" "$SCALE_TOP/tests/load/openload.c"
	} >"$W/cc.log" 2>&1 || {
		not_ok "$ENGINE" "the programs of the test do not compile" "$W/cc.log"
		engine_end
	}
	cp "$SCALE_TOP/examples/services/web/Cartefile" "$W/web/Cartefile"
	printf 'FROM scratch\nNAME localhost/test/udpecho:1\nPATH udpecho /usr/bin/udpecho\nexe_PATH /usr/bin/udpecho 9000\n' >"$W/echo/Cartefile"
	local name
	for name in web echo; do
		"$CONVERTER" build -q "$W/$name" >"$W/build.log" 2>&1 || {
			not_ok "$ENGINE" "image $name" "$W/build.log"
			engine_end
		}
	done
}

# api METHOD PATH [CURL-OPTION...]
api() {
	local method=$1 path=$2
	shift 2
	curl -s --unix-socket "$CARTE_RUN_DIR/carte.sock" -X "$method" "http://carte$path" "$@"
}
ready() { carte services --format json 2>/dev/null | jq -r --arg name "$1" '.[] | select(.name == $name) | .ready'; }
ready_is() { [ "$(ready "$1")" = "$2" ]; }
supervisor_pid() { api GET /v1/info | jq -r .pid; }

# nothing_left NAME - after `down` and the end of the supervisor: of the little machine, nothing of ours
nothing_left() {
	local left=
	left+=$(grep -E " ($CARTE_RUN_DIR|$CARTE_STATE_DIR)/" /proc/self/mountinfo | cut -d' ' -f5)
	left+=$(ls -A "$CARTE_RUN_DIR/netns" "$CARTE_RUN_DIR/secrets" "$CARTE_STATE_DIR/bundles" "$CARTE_STATE_DIR/hosts" 2>/dev/null | grep -v :)
	left+=$(ip -o link | grep -oE 'veth[0-9a-f]+|carte-[0-9a-f]+:')
	left+=$(nft list tables 2>/dev/null | grep -w carte)
	left+=$(find /sys/fs/cgroup -type d -name carte 2>/dev/null | head -n 3)
	left+=$(find "$CARTE_STATE_DIR" -path '*cni*' -type f -name '[0-9]*.[0-9]*' 2>/dev/null | head -n 3)
	left+=$(pgrep -fa 'usr/bin/(web|udpecho)|carte-runtime|[c]arte-scale' || true)
	if [ -z "$left" ]; then ok "$1"; else not_ok "$1" "left: $left"; fi
}
