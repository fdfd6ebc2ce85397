# SPDX-License-Identifier: Apache-2.0
# Command tests: everything through the program that is installed.

CLI_TESTS = \
	tests/cli/backtest.bats \
	tests/cli/build.bats \
	tests/cli/bundle.bats \
	tests/cli/carte.bats \
	tests/cli/carte_run.bats \
	tests/cli/cgroups.bats \
	tests/cli/checkpoint.bats \
	tests/cli/compose.bats \
	tests/cli/cve.bats \
	tests/cli/devices.bats \
	tests/cli/errors.bats \
	tests/cli/exec.bats \
	tests/cli/global.bats \
	tests/cli/hooks.bats \
	tests/cli/landlock.bats \
	tests/cli/lifecycle.bats \
	tests/cli/live_mounts.bats \
	tests/cli/man.bats \
	tests/cli/mounts.bats \
	tests/cli/namespaces.bats \
	tests/cli/process.bats \
	tests/cli/rdt.bats \
	tests/cli/readme.bats \
	tests/cli/rootless.bats \
	tests/cli/seccomp.bats \
	tests/cli/simulate.bats \
	tests/cli/slim.bats \
	tests/cli/stats.bats \
	tests/cli/store.bats \
	tests/cli/systemd.bats \
	tests/cli/trace.bats

if HAVE_BATS
TESTS += $(CLI_TESTS) tests/lib/bats-lite.bats
endif
EXTRA_DIST += $(CLI_TESTS)

EXTRA_DIST += \
	tests/cli/helpers.bash \
	tests/cli/helpers/agent \
	tests/cli/helpers/deny.c \
	tests/cli/helpers/fake-criu \
	tests/cli/helpers/fake-supervisor \
	tests/cli/helpers/probe.c \
	tests/cli/helpers/tracee.c
