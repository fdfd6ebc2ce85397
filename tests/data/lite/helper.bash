# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
helper_fails() { return 1; }
helper_middle() {
	false
	echo 'after the middle'
}
helper_skips() { skip 'says a helper'; }
