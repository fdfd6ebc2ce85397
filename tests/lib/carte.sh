# SPDX-License-Identifier: Apache-2.0
# carte.sh - which carte is under test: $CARTE (a path or a name in $PATH) wins, then the build tree, then $PATH.
# shellcheck shell=bash

carte_find() {
	local lib candidate path
	lib=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd) || return 1
	for candidate in "${CARTE:-}" "${top_builddir:+$top_builddir/carte}" "$PWD/carte" "$lib/../../build/carte" carte; do
		[ -n "$candidate" ] || continue
		path=$(command -v "$candidate" 2>/dev/null) || {
			# what was asked for by name must exist
			[ "$candidate" != "${CARTE:-}" ] && continue
			echo "carte.sh: $candidate: no such program" >&2
			return 1
		}
		[ -f "$path" ] || continue
		CARTE=$(readlink -f "$path")
		export CARTE
		return 0
	done
	echo "carte.sh: no carte found: build it, or set CARTE=/path/to/it" >&2
	return 1
}
