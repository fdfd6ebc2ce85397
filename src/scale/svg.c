/* SPDX-License-Identifier: Apache-2.0 */
/*
 * svg.c - see svg.h.
 */
#include "scale/svg.h"

void svg_text(FILE *out, const char *text)
{
	for (; *text; text++)
		switch (*text) {
		case '<':
			fputs("&lt;", out);
			break;
		case '&':
			fputs("&amp;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		default:
			/* the rest of the control characters may not be in XML at all */
			fputc((unsigned char)*text < ' ' ? '?' : *text, out);
		}
}
