#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# setup_file fails: that must be said and be a failure.
setup_file() {
	echo "from setup_file"
	return 1
}
@test "one" { true; }
@test "two" { true; }
