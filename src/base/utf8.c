/* SPDX-License-Identifier: Apache-2.0 */
/*
 * utf8.c - RFC 3629: no surrogates, nothing overlong.
 */
#include "base/mem.h"
#include "base/utf8.h"

static const struct form {
	unsigned char first, last, second_low, second_high;
	size_t length;
} forms[] = {
	{ 0x01, 0x7f, 0, 0, 1 },       { 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
	{ 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
	{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
};

size_t utf8_length(const char *text, size_t left)
{
	const unsigned char *s = (const unsigned char *)text;
	const struct form *form = forms;

	if (left == 0)
		return 0;
	while (*s < form->first || *s > form->last)
		if (++form == forms + ARRAY_LEN(forms))
			return 0;
	if (form->length == 1)
		return 1;
	if (left < 2 || s[1] < form->second_low || s[1] > form->second_high)
		return 0;
	for (size_t i = 2; i < form->length; i++)
		if (i >= left || (s[i] & 0xc0) != 0x80)
			return 0;
	return form->length;
}
