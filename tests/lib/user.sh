# SPDX-License-Identifier: Apache-2.0
# user.sh - root becomes an ordinary user of the converter, whom only that user's processes know. Needs helpers.bash.
# shellcheck shell=bash

USER_ID=64322

# as_user COMMAND... - with ids lent to it by /etc files that only it sees
as_user() {
	# shellcheck disable=SC2016 # expanded by the inner shell
	unshare -m --propagation private sh -c 'etc=$1; shift
		for f in passwd group subuid subgid; do mount --bind "$etc/$f" "/etc/$f" || exit 99; done
		exec setpriv --reuid '$USER_ID' --regid '$USER_ID' --clear-groups "$@"' drop "$D/etc" \
		env "XDG_RUNTIME_DIR=$D/run" "HOME=$D/home" USER=ctuser CARTE_STORE= "$@" 3>&-
}

# make_user RANGES FOLDER... - 1: with subordinate ids; the folders can be read by the user, $D/home is its own
make_user() {
	local ranges=$1 folder dir
	shift
	requires_program setpriv
	[ "$(cat /proc/sys/kernel/unprivileged_userns_clone 2>/dev/null || echo 1)" = 1 ] || skip 'users may not make user namespaces here'
	mkdir -p "$D/etc" "$D/run" "$D/home" "$ROOT"
	chown $USER_ID:$USER_ID "$D/run" "$D/home" "$ROOT"
	for folder in "$D/home" "$@"; do
		dir=$folder
		while [ "$dir" != / ]; do
			[ "$(stat -c %a "$dir")" = 1777 ] || chmod go+x "$dir"
			dir=$(dirname "$dir")
		done
		[ "$folder" = "$D/home" ] || chmod -R go+rX "$folder"
	done
	(cat /etc/passwd && echo "ctuser:x:$USER_ID:$USER_ID::/:/bin/sh") >"$D/etc/passwd"
	(cat /etc/group && echo "ctuser:x:$USER_ID:") >"$D/etc/group"
	: >"$D/etc/subuid"
	: >"$D/etc/subgid"
	[ "$ranges" = 1 ] || return 0
	requires_program newuidmap
	echo ctuser:1000000:65536 >"$D/etc/subuid"
	echo ctuser:2000000:65536 >"$D/etc/subgid"
}
