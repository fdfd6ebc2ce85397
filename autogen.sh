#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes ./configure from a git checkout; release tarballs carry it already.
set -eu
cd "$(dirname "$0")"
exec autoreconf --force --install "$@"
