#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# teardown_file fails: that must be said and be a failure.
teardown_file() {
	echo "from teardown_file"
	return 1
}
@test "one" { true; }
@test "two" { true; }
