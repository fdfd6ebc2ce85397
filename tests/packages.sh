# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# packages.sh - packages_install GROUP...: install what tests/packages lists for these groups and is missing. Needs root.
# Services that a package would start (docker, containerd) are not started: the tests run their own.

packages_list() { # GROUP...
	local group
	for group in "$@"; do
		sed -n "s/^$group: *//p" "$(dirname "${BASH_SOURCE[0]}")/packages"
	done | tr ' ' '\n' | sort -u
}

packages_missing() { # GROUP...
	local package
	for package in $(packages_list "$@"); do
		[ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || echo "$package"
	done
}

packages_install() { # GROUP...
	local missing policy=/usr/sbin/policy-rc.d made=0 status=0
	mapfile -t missing < <(packages_missing "$@")
	[ ${#missing[@]} = 0 ] && return 0
	if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
		echo "packages: missing, and only root on Debian can install them: ${missing[*]}" >&2
		return 1
	fi
	echo "packages: installing ${missing[*]}"
	if [ ! -e $policy ]; then
		printf '#!/bin/sh\nexit 101\n' >$policy
		chmod 755 $policy
		made=1
	fi
	export DEBIAN_FRONTEND=noninteractive
	{
		apt-get -q update &&
			apt-get -q install -y --no-install-recommends -o Dpkg::Options::=--force-confold "${missing[@]}"
	} </dev/null >"${PACKAGES_LOG:-/dev/null}" 2>&1 || status=$?
	[ $made = 1 ] && rm -f $policy
	if [ $status != 0 ]; then
		echo "packages: apt-get failed with status $status" >&2
		[ -n "${PACKAGES_LOG:-}" ] && tail -n 15 "$PACKAGES_LOG" >&2
	fi
	return $status
}
