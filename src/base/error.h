/* SPDX-License-Identifier: Apache-2.0 */
/*
 * error.h - short names for the one error value, and hints for errnos that mislead.
 *
 * Convention of the whole tree: functions return 0 or -errno, put words into
 * the caller's struct oci_error, write results through ret_* only on success.
 */
#ifndef CARTE_BASE_ERROR_H
#define CARTE_BASE_ERROR_H

#include <errno.h>

#include <ocispec-lite/error.h>

#define err_set oci_error_set       /* err_set(err, EINVAL, "mounts[%zu]: ...", i) */
#define err_sys oci_error_sys       /* err_sys(err, errno, "open %s", path) adds ": strerror" */
#define err_prefix oci_error_prefix /* err_prefix(err, "create '%s': ", id) */

/** err_nomem - the one way to report that memory ran out. */
static inline int err_nomem(struct oci_error *err)
{
	return oci_error_set(err, ENOMEM, "out of memory");
}

/**
 * sys_hint - one clause that explains an errno that misleads, or NULL.
 * @op: what failed: "mount", "cgroup-write", "cgroup-mkdir", "clone", "setrlimit",
 *      "mknod", "capset", "idmap", "exec", "bpf-load", "bpf-attach"
 */
const char *sys_hint(const char *op, int code);

#endif
