# SPDX-License-Identifier: Apache-2.0
# build.sh - what run and parallel have in common: the runtime under test, and their C programs in a folder of their own.
# shellcheck shell=bash

[ "$(id -u)" = 0 ] || {
	echo 'fault: needs root' >&2
	exit 1
}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/lib/runtime.sh
. "$here/../lib/runtime.sh"
runtime_find || exit 1
FAULT_BUILD=$(mktemp -d /tmp/carte-fault-build.XXXXXX) || exit 1
trap 'rm -rf "$FAULT_BUILD"' EXIT

fault_flags=(-std=gnu11 -D_GNU_SOURCE -O2 -g -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes
	-Wformat=2 -Wno-format-nonliteral -Werror)

# fault_build NAME SOURCE... - that program, and the witness
fault_build() {
	local name=$1 cc=${CC:-cc}
	shift
	echo '#include <asm/unistd.h>' | $cc -E -dM - |
		sed -n 's/^#define __NR_\([a-z0-9_]*\) \([0-9]*\)$/{ \2, "\1" },/p' >"$FAULT_BUILD/syscall-names.h"
	(cd "$here" && $cc "${fault_flags[@]}" -I"$FAULT_BUILD" -o "$FAULT_BUILD/$name" "$@") &&
		$cc "${fault_flags[@]}" -static -o "$FAULT_BUILD/witness" "$here/witness.c"
}
