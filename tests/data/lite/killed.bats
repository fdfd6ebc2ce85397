#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A test that dies: bats says nothing of it, tests/tap and bats-lite do.
@test "one" { true; }
@test "dies" { kill -KILL "$BASHPID"; }
@test "three" { true; }
