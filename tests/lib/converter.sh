# SPDX-License-Identifier: Apache-2.0
# converter.sh - which cartefile-to-oci is under test: $CARTEFILE_TO_OCI, else that of the build tree, else the one in $PATH.
# shellcheck shell=bash

converter_find() {
	local lib candidate
	lib=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd) || return 1
	for candidate in "${CARTEFILE_TO_OCI:-}" "${top_builddir:+$top_builddir/cartefile-to-oci/cartefile-to-oci}" \
		"$lib/../../cartefile-to-oci/cartefile-to-oci" "$lib/../../build/cartefile-to-oci/cartefile-to-oci"; do
		[ -n "$candidate" ] && [ -f "$candidate" ] && [ -x "$candidate" ] || continue
		CARTEFILE_TO_OCI=$(readlink -f "$candidate")
		export CARTEFILE_TO_OCI
		return 0
	done
	CARTEFILE_TO_OCI=$(command -v cartefile-to-oci) && export CARTEFILE_TO_OCI && return 0
	echo "converter.sh: no cartefile-to-oci found: build it, or set CARTEFILE_TO_OCI=/path/to/it" >&2
	return 1
}
