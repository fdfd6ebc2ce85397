/* SPDX-License-Identifier: Apache-2.0 */
/*
 * error.c - classes of failures.
 *
 * What must hold: words and numbers are an interface, in the manual page and in what supervisors branch on.
 */
#include <stdbool.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

int err_set_as(struct oci_error *err, enum err_kind kind, int code, const char *format, ...)
{
	bool first = err && err->code == 0;
	va_list ap;

	va_start(ap, format);
	(void)oci_error_vset(err, code, format, ap);
	va_end(ap);
	if (first)
		err->kind = (int)kind;
	return -code;
}

enum err_kind err_kind(const struct oci_error *err)
{
	if (err->kind)
		return (enum err_kind)err->kind;
	switch (err->code) {
	case ENOSYS:
	case EOPNOTSUPP: /* and ENOTSUP */
		return ERR_UNSUPPORTED;
	case EPERM:
	case EACCES:
		return ERR_PERMISSION;
	case ENOMEM:
	case ENOSPC:
	case EDQUOT:
	case EMFILE:
	case ENFILE:
	case EAGAIN:
	case EUSERS:
		return ERR_RESOURCES;
	case ETIMEDOUT:
		return ERR_TIMEOUT;
	}
	if (err->file[0])
		return ERR_DOCUMENT;
	return err->code == ESRCH ? ERR_STATE : ERR_FAILED;
}

const char *err_kind_word(enum err_kind kind)
{
	static const char *const words[] = {
		[ERR_FAILED] = "failed",           [ERR_USAGE] = "usage",
		[ERR_DOCUMENT] = "document",       [ERR_NOT_FOUND] = "not-found",
		[ERR_EXISTS] = "exists",           [ERR_STATE] = "state",
		[ERR_UNSUPPORTED] = "unsupported", [ERR_PERMISSION] = "permission",
		[ERR_RESOURCES] = "resources",     [ERR_TIMEOUT] = "timeout",
		[ERR_DAMAGED] = "damaged",
	};

	return (size_t)kind < ARRAY_LEN(words) && words[kind] ? words[kind] : "failed";
}

const char *err_code_word(int code)
{
	/* strerrorname_np is a table of glibc 2.32's */
	const char *word = strerrorname_np(code);

	return word ? word : "EIO";
}
