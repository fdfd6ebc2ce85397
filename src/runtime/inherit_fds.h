/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inherit_fds.h - file descriptors that the caller hands through to the container: socket activation
 * (sd_listen_fds(3)) and --preserve-fds.
 *
 * They are 3..3+count-1: first those of LISTEN_FDS, then the preserved ones. Every other one above stderr must never
 * reach a container (CVE-2016-9962, CVE-2024-21626).
 */
#ifndef CARTE_RUNTIME_INHERIT_FDS_H
#define CARTE_RUNTIME_INHERIT_FDS_H

#include <stddef.h>

struct oci_arena;
struct oci_error;

struct inherit_fds {
	unsigned count;
	char *env
		[3]; /* LISTEN_FDS=n, LISTEN_PID=1, LISTEN_FDNAMES=...: to be added to the container's */
	size_t env_len;
};

/**
 * inherit_fds_plan - count what is handed through and check that each is open, before anything else is opened.
 * LISTEN_FDS counts when LISTEN_PID is the caller's pid or unset.
 * @preserve: --preserve-fds
 * Errors: "--preserve-fds 2: file descriptor 4 is not open", "LISTEN_FDS=1: file descriptor 3 is not open"
 */
int inherit_fds_plan(struct oci_arena *arena, unsigned preserve, struct inherit_fds *ret,
		     struct oci_error *err);

/** inherit_fds_close_rest - let execve(2) close everything above stderr and the first @count. */
int inherit_fds_close_rest(unsigned count, struct oci_error *err);

/** inherit_fds_force_fallback - tests only: pretend that close_range fails with @code (0: use it again). */
void inherit_fds_force_fallback(int code);

#endif
