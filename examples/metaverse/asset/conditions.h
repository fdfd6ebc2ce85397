/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conditions.h - Range, If-Range and If-None-Match (RFC 9110, sections 13 and 14).
 */
#ifndef METAVERSE_CONDITIONS_H
#define METAVERSE_CONDITIONS_H

#include <stdbool.h>
#include <stdint.h>

enum range {
	RANGE_WHOLE, /* none is asked for, or it is one to be ignored: no bytes, several, or no sense in it */
	RANGE_PART,
	RANGE_BEYOND, /* 416: nothing of it is there */
};

/** range_parse - of a file of @size bytes. @text: "bytes=0-99", or NULL. @ret_first, @ret_length: for RANGE_PART */
enum range range_parse(const char *text, uint64_t size, uint64_t *ret_first, uint64_t *ret_length);

/** etag_listed - is @etag, with its quotes, in the list of If-None-Match? "*" is any. @list may be NULL. */
bool etag_listed(const char *list, const char *etag);

#endif
