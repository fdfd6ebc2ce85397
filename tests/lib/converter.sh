# SPDX-License-Identifier: Apache-2.0
# converter.sh - which converter is under test: $CONVERTER (a path or a name in $PATH) wins, then the build tree, then $PATH.
# shellcheck shell=bash

converter_find() {
	local lib candidate path
	lib=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd) || return 1
	for candidate in "${CONVERTER:-}" "${top_builddir:+$top_builddir/cartefile-to-oci/cartefile-to-oci}" \
		"$PWD/cartefile-to-oci/cartefile-to-oci" "$lib/../../build/cartefile-to-oci/cartefile-to-oci" cartefile-to-oci; do
		[ -n "$candidate" ] || continue
		path=$(command -v "$candidate" 2>/dev/null) || {
			# what was asked for by name must exist
			[ "$candidate" != "${CONVERTER:-}" ] && continue
			echo "converter.sh: $candidate: no such program" >&2
			return 1
		}
		[ -f "$path" ] || continue
		CONVERTER=$(readlink -f "$path")
		export CONVERTER
		return 0
	done
	echo "converter.sh: no cartefile-to-oci found: build it, or set CONVERTER=/path/to/it" >&2
	return 1
}
