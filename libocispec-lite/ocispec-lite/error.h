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
 * struct oci_error - what went wrong: words for a person, the rest for programs.
 * @code: positive errno value; 0 when no error was recorded
 * @message: one line without a newline, NUL-terminated; cut with "..." when
 *           it does not fit
 * @kind: a class of failures, of the program's own; the library leaves it 0
 * @file: the document that is wrong, as the caller named it; "" for none
 * @path: the place in it, "linux.resources.memory.limit"; "" for none
 * @hint: what may help, besides the message; "" for nothing
 */
struct oci_error {
	int code;
	char message[1020];
	int kind;
	char file[256];
	char path[256];
	char hint[256];
};

#define OCI_ERROR_INIT               \
	{                            \
		0, "", 0, "", "", "" \
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

/**
 * oci_error_copy - record @from, all of it, unless an error is recorded already.
 *
 * Return: -(from->code)
 */
int oci_error_copy(struct oci_error *err, const struct oci_error *from);

/**
 * oci_error_in_document - say which document the recorded error is about.
 *
 * Puts "@file: " before the message and notes @file. The place that the
 * message begins with, as in "mounts[3].destination: required", becomes the
 * path, unless one is noted already. NULL: only the path, the document is
 * not a file.
 */
void oci_error_in_document(struct oci_error *err, const char *file);

/**
 * oci_error_at - note the document and the place, the message stays. What is
 * noted already stays too; NULL for what is not known.
 */
void oci_error_at(struct oci_error *err, const char *file, const char *path);

/** oci_error_hint - note what may help; the first hint stays. */
void oci_error_hint(struct oci_error *err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#ifdef __cplusplus
}
#endif
#endif
