/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text.h - the bytes of a document: UTF-8, places, syntax errors. Not installed.
 */
#ifndef OCISPEC_LITE_TEXT_H
#define OCISPEC_LITE_TEXT_H

#include <stddef.h>
#include <yajl/yajl_parse.h>

#include <ocispec-lite/error.h>

#pragma GCC visibility push(hidden)

/** oci_text_utf8_length - bytes of the UTF-8 character at @text (1..4), 0 when it is none. */
size_t oci_text_utf8_length(const char *text, size_t left);

/**
 * oci_text_check - what yajl leaves unchecked or turns into '?': size, emptiness, exact UTF-8, NUL
 * characters and halves of surrogate pairs written as \u escapes.
 */
int oci_text_check(const char *name, const char *text, size_t length, struct oci_error *err);

/** oci_text_syntax_error - say why and where yajl stopped. */
int oci_text_syntax_error(yajl_handle parser, const char *name, const char *text, size_t length,
			  struct oci_error *err);

/** oci_text_quote - a copy for messages: control characters as '?', cut at @size with "...". */
const char *oci_text_quote(char *buffer, size_t size, const char *text, size_t length);

#pragma GCC visibility pop
#endif
