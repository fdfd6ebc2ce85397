/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log.h - where a failing command's one line goes.
 *
 * Only main.c and cmd_*.c call log_failure, once. Engines read the log file:
 * podman needs exactly one JSON object in it, containerd takes the last
 * "error" of a stream, both want RFC 3339 times; the words go to stderr as
 * well (runtime-contract, outputs that are parsed).
 */
#ifndef CARTE_BASE_LOG_H
#define CARTE_BASE_LOG_H

#include <stdbool.h>

struct oci_error;

struct log_target {
	const char *program; /* prefix of stderr lines */
	const char *
		file; /* --log; NULL: stderr only. "file:P", "syslog:ID" and "journald:ID" prefixes as crun */
	bool json; /* --log-format json */
	bool debug;
};

/** log_failure - print @err on stderr and append it to the log; never fails, never creates folders. */
void log_failure(const struct log_target *target, const struct oci_error *err);

/** log_debug - only with --debug; to the log at level "debug", else to stderr. */
void log_debug(const struct log_target *target, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
