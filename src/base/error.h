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
#define err_copy oci_error_copy
#define err_in_document oci_error_in_document /* err_in_document(err, "config.json") */
#define err_at oci_error_at
#define err_hint oci_error_hint /* what may help; only in the JSON log */

/**
 * enum err_kind - classes of failures, by what a caller can do about them. The numbers are exit statuses and the words
 * are those of the JSON log: both are documented in the manual page and do not change.
 */
enum err_kind {
	ERR_FAILED = 1,      /* "failed": none of the following */
	ERR_USAGE = 2,       /* "usage": the command line */
	ERR_DOCUMENT = 3,    /* "document": config.json, or another document */
	ERR_NOT_FOUND = 4,   /* "not-found": no such container */
	ERR_EXISTS = 5,      /* "exists": there is one with this ID */
	ERR_STATE = 6,       /* "state": not in the state that the command needs */
	ERR_UNSUPPORTED = 7, /* "unsupported": by the kernel, the host or this build */
	ERR_PERMISSION = 8,  /* "permission": not allowed to the caller */
	ERR_RESOURCES = 9,   /* "resources": memory, space, processes, file descriptors */
	ERR_TIMEOUT = 10,    /* "timeout": something did not answer in time */
	ERR_DAMAGED =
		11, /* "damaged": what is kept cannot be read, and trying again mends nothing */
};

/** err_set_as - err_set with a kind; without one it follows from the code and the document, see err_kind. */
int err_set_as(struct oci_error *err, enum err_kind kind, int code, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/** err_kind - of a recorded error. */
enum err_kind err_kind(const struct oci_error *err);

/** err_kind_word - "usage"; err_code_word - "EINVAL". */
const char *err_kind_word(enum err_kind kind);
const char *err_code_word(int code);

/** err_forget_document - it was one inside another, which is named later: its place is in the message. */
static inline void err_forget_document(struct oci_error *err)
{
	if (err)
		err->file[0] = err->path[0] = '\0';
}

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
