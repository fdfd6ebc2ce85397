/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hooks.h - programs that the config asks to run at points of the lifecycle (config.md#posix-platform-hooks).
 */
#ifndef CARTE_RUNTIME_HOOKS_H
#define CARTE_RUNTIME_HOOKS_H

#include <ocispec-lite/runtime.h>

/** hooks_check - paths absolute, timeouts positive, env entries NAME=VALUE. */
int hooks_check(const struct oci_hooks *hooks, struct oci_error *err);

/**
 * hooks_run - run one kind's hooks in order, each with the state document on stdin, its own env only (an empty one
 * when it has none), cwd "/" or, in the runtime namespace, the bundle; killed with its process group after its timeout.
 * Waits by pidfd, no polling.
 * @kind: "prestart", ... for messages
 * @cwd: NULL: stay
 *
 * Return: 0, or the first failure: "hooks.prestart[0]: /usr/bin/x: exit status 3: first line of its stderr".
 */
int hooks_run(const struct oci_hook *hooks, size_t count, const char *kind, const char *cwd,
	      const char *state, size_t state_length, struct oci_error *err);

#endif
