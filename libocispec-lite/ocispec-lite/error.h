/* SPDX-License-Identifier: Apache-2.0 */
/*
 * error.h - the one error value of libocispec-lite and of the programs over it.
 *
 * Flat and caller-owned: it needs no heap, so it can report out-of-memory and
 * cross a clone in one write(2). The first error wins; callers on the way up
 * only put context before it.
 */
#ifndef OCISPEC_LITE_ERROR_H
#define OCISPEC_LITE_ERROR_H

#include <stdarg.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct oci_error - what went wrong, in words for a person.
 * @code: positive errno value; 0 when no error was recorded
 * @message: one line without a newline, NUL-terminated; cut with "..." when
 *           it does not fit
 */
struct oci_error {
	int code;
	char message[1020];
};

#define OCI_ERROR_INIT \
	{              \
		0, ""  \
	}

/**
 * oci_error_set - record an error unless one is recorded already.
 * @err: may be NULL, then only the return value carries the error
 * @code: positive errno value
 *
 * Return: -code, so that a caller can `return oci_error_set(err, EINVAL, ...)`.
 */
int oci_error_set(struct oci_error *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
int oci_error_vset(struct oci_error *err, int code, const char *format, va_list ap);

/**
 * oci_error_sys - the same with ": " and strerror(code) behind the words.
 */
int oci_error_sys(struct oci_error *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * oci_error_prefix - put context before the recorded message.
 *
 * The text is put as given, so it usually ends in ": ". Does nothing when no
 * error is recorded.
 */
void oci_error_prefix(struct oci_error *err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#ifdef __cplusplus
}
#endif
#endif
