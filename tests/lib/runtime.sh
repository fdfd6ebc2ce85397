# SPDX-License-Identifier: Apache-2.0
# runtime.sh - which runtime is under test. Sourced by the command and the engine tests.
#
# $RUNTIME (a path or a name in $PATH) wins, then $CARTE_RUNTIME, then the build tree: $top_builddir, the current
# folder, the source tree. RUNTIME=runc checks the tests themselves against a known runtime.
# shellcheck shell=bash

runtime_find() {
	local lib candidate path
	lib=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd) || return 1
	for candidate in "${RUNTIME:-}" "${CARTE_RUNTIME:-}" "${top_builddir:+$top_builddir/carte-runtime}" \
		"$PWD/carte-runtime" "$lib/../../carte-runtime" "$lib/../../build/carte-runtime" carte-runtime; do
		[ -n "$candidate" ] || continue
		path=$(command -v "$candidate" 2>/dev/null) || {
			# what was asked for by name must exist: testing another one would be a lie
			[ "$candidate" != "${RUNTIME:-}" ] && [ "$candidate" != "${CARTE_RUNTIME:-}" ] && continue
			echo "runtime.sh: $candidate: no such program" >&2
			return 1
		}
		RUNTIME=$(readlink -f "$path")
		export RUNTIME
		case $("$RUNTIME" --version 2>/dev/null | head -n 1) in
		carte-runtime*) RUNTIME_KIND=carte ;;
		runc*) RUNTIME_KIND=runc ;;
		crun*) RUNTIME_KIND=crun ;;
		*) RUNTIME_KIND=unknown ;;
		esac
		export RUNTIME_KIND
		return 0
	done
	echo "runtime.sh: no carte-runtime found: build it, or set RUNTIME=/path/to/it" >&2
	return 1
}

# rootfs_busybox DIR - a root folder that needs nothing of the host: static busybox, its links, users and a few folders
rootfs_busybox() {
	local root=$1 busybox
	for busybox in /bin/busybox /usr/bin/busybox; do
		[ -x "$busybox" ] && break
	done
	if ! [ -x "$busybox" ] || { command -v ldd >/dev/null && ldd "$busybox" >/dev/null 2>&1; }; then
		echo "runtime.sh: a static busybox is needed (package busybox-static)" >&2
		return 1
	fi
	mkdir -p "$root"/{bin,dev,etc,home/alice,mnt,proc,root,run,sys,tmp,usr,var/tmp} || return 1
	chmod 1777 "$root/tmp" "$root/var/tmp"
	# one process for all the links
	"$busybox" --install -s "$root/bin" && cp --remove-destination "$busybox" "$root/bin/busybox" || return 1
	ln -sfn bin "$root/sbin"
	ln -sfn ../bin "$root/usr/bin"
	printf '%s\n' root:x:0:0:root:/root:/bin/sh alice:x:1000:1000:alice:/home/alice:/bin/sh >"$root/etc/passwd"
	printf '%s\n' root:x:0: tty:x:5: alice:x:1000: staff:x:50:alice >"$root/etc/group"
	chown -R 1000:1000 "$root/home/alice" 2>/dev/null || true
}
