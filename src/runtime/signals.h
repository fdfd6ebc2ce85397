/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signals.h - signals by number or name, as people and engines write them.
 */
#ifndef CARTE_RUNTIME_SIGNALS_H
#define CARTE_RUNTIME_SIGNALS_H

#include <stddef.h>

struct oci_error;

/**
 * signal_parse - "9", "KILL", "SIGKILL", "kill", "RTMIN", "RTMIN+3", "RTMAX-1".
 * Numbers are 0 (a probe, kill(2)) to SIGRTMAX.
 * Return: 0 or -EINVAL with `unknown signal "FOO"`.
 */
int signal_parse(const char *text, int *ret, struct oci_error *err);

/** signal_name - "SIGTERM", "SIGRTMIN+3", or the number, in a caller's buffer. */
const char *signal_name(int sig, char *buf, size_t size);

#endif
