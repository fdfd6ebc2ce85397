/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text.c - the bytes of a document: UTF-8, places, syntax errors.
 *
 * One quick look over the whole document before it is parsed: yajl's own
 * UTF-8 check lets overlong forms and surrogates through, and its decoder
 * turns half a surrogate pair into '?'. What passes here holds no NUL in any
 * string, so strings can be plain C strings.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "text.h"

#define TEXT_MAX ((size_t)16 << 20)
#define ONES 0x0101010101010101ULL
#define HIGHS 0x8080808080808080ULL

size_t oci_text_utf8_length(const char *text, size_t left)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t length, i;

	if (left == 0)
		return 0;
	if (s[0] < 0x80)
		return 1;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	length = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	if (left < length)
		return 0;
	for (i = 1; i < length; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	/* overlong, surrogate, above U+10FFFF */
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return length;
}

/* 1-based; a column is a character */
static void place(const char *text, size_t offset, size_t *ret_line, size_t *ret_column)
{
	size_t i;

	*ret_line = 1;
	*ret_column = 1;
	for (i = 0; i < offset; i++) {
		if (text[i] == '\n') {
			++*ret_line;
			*ret_column = 1;
		} else if (((unsigned char)text[i] & 0xc0) != 0x80) {
			++*ret_column;
		}
	}
}

static int fail_at(const char *name, const char *text, size_t offset, struct oci_error *err,
		   const char *words)
{
	size_t line, column;

	place(text, offset, &line, &column);
	oci_error_set(err, EINVAL, "%s:%zu:%zu: invalid JSON: %s", name, line, column, words);
	oci_error_at(err, name, NULL);
	return -EINVAL;
}

/* The four digits of a \u escape, or -1: then yajl reports them. */
static int hex4(const char *digits, size_t left)
{
	int value = 0, i;

	if (left < 4)
		return -1;
	for (i = 0; i < 4; i++) {
		char c = digits[i];

		value <<= 4;
		if (c >= '0' && c <= '9')
			value |= c - '0';
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			value |= (c | 0x20) - 'a' + 10;
		else
			return -1;
	}
	return value;
}

/* text[0] is a backslash. Return: bytes to go on, 0 with *ret_words. */
static size_t check_escape(const char *text, size_t left, const char **ret_words)
{
	int unit, second;

	if (left < 2 || text[1] != 'u')
		return left < 2 ? 1 : 2;
	unit = hex4(text + 2, left - 2);
	if (unit < 0)
		return 2;
	if (unit == 0) {
		*ret_words = "NUL character in a string";
		return 0;
	}
	if (unit < 0xd800 || unit > 0xdfff)
		return 6;
	second = left >= 12 && text[6] == '\\' && text[7] == 'u' ? hex4(text + 8, 4) : -1;
	if (unit > 0xdbff || second < 0xdc00 || second > 0xdfff) {
		*ret_words = "half of a surrogate pair in a string";
		return 0;
	}
	return 12;
}

/* The bytes from text[i] on, up to and with the next one that is not plain ASCII. */
static size_t skip_plain(const char *text, size_t i, size_t length)
{
	uint64_t word, escapes;

	for (; i + sizeof(word) <= length; i += sizeof(word)) {
		memcpy(&word, text + i, sizeof(word));
		escapes = word ^ (ONES * '\\');
		if ((word & HIGHS) || ((escapes - ONES) & ~escapes & HIGHS))
			break;
	}
	while (i < length && !(text[i] & 0x80) && text[i] != '\\')
		i++;
	return i;
}

int oci_text_check(const char *name, const char *text, size_t length, struct oci_error *err)
{
	const char *words = NULL;
	size_t i, step;

	if (length > TEXT_MAX)
		return oci_error_set(err, EFBIG, "%s: larger than 16 MiB", name);
	for (i = 0; i < length && strchr(" \t\r\n", text[i]) && text[i]; i++)
		;
	if (i == length) {
		oci_error_set(err, EINVAL, "%s: the document is empty", name);
		oci_error_at(err, name, NULL);
		return -EINVAL;
	}
	while ((i = skip_plain(text, i, length)) < length) {
		if (text[i] == '\\') {
			step = check_escape(text + i, length - i, &words);
		} else {
			step = oci_text_utf8_length(text + i, length - i);
			words = "bytes that are not UTF-8";
		}
		if (step == 0)
			return fail_at(name, text, i, err, words);
		i += step;
	}
	return 0;
}

const char *oci_text_quote(char *buffer, size_t size, const char *text, size_t length)
{
	size_t used = 0, i = 0, step;

	while (i < length) {
		step = oci_text_utf8_length(text + i, length - i);
		if (used + (step ? step : 1) + sizeof("...") > size) {
			memcpy(buffer + used, "...", 3);
			used += 3;
			break;
		}
		if (step > 1) {
			memcpy(buffer + used, text + i, step);
			used += step;
			i += step;
			continue;
		}
		buffer[used++] = step && text[i] >= 0x20 && text[i] != 0x7f ? text[i] : '?';
		i++;
	}
	buffer[used] = '\0';
	return buffer;
}

/* where the fault lies, seen from the place at which yajl stopped */
enum fault {
	FAULT_TOKEN, /* in the token before */
	FAULT_BACK,  /* the same, but yajl went back by the token's length without its quotes */
	FAULT_BYTE,  /* the byte before */
	FAULT_NEXT,  /* the byte behind */
	FAULT_END,
};

struct reason {
	const char *yajl; /* a part of yajl's words */
	const char *words;
	enum fault fault;
};

/* in the order of looking; yajl 2.1.0, yajl_parser.c and yajl_lex.c */
static const struct reason reasons[] = {
	{ "premature EOF", "the document ends too early", FAULT_END },
	{ "trailing garbage", "text after the end of the document", FAULT_TOKEN },
	{ "unallowed token", "expected a value", FAULT_TOKEN },
	{ "object key and value", "expected ':' after the member name", FAULT_TOKEN },
	{ "object key", "expected a member name in double quotes", FAULT_TOKEN },
	{ "after key and value", "expected ',' or '}'", FAULT_BACK },
	{ "after array element", "expected ',' or ']'", FAULT_TOKEN },
	{ "comment", "comments are not part of JSON", FAULT_NEXT },
	{ "invalid (non-hex)", "expected four hexadecimal digits after \\u", FAULT_NEXT },
	{ "before a character which", "unknown escape in a string", FAULT_NEXT },
	{ "invalid character inside string", "control character in a string", FAULT_NEXT },
	{ "malformed number", "malformed number", FAULT_NEXT },
	{ "invalid string", "unknown word", FAULT_TOKEN },
	{ "invalid char", "unexpected character", FAULT_BYTE },
};

/* Where the last token starts that starts before @end. */
static size_t token_start(const char *text, size_t length, size_t end)
{
	size_t start = 0, i = 0;

	while (i < end) {
		if (strchr(" \t\r\n", text[i]) && text[i]) {
			i++;
			continue;
		}
		start = i++;
		if (text[start] == '"') {
			while (i < length && text[i] != '"')
				i += text[i] == '\\' ? 2 : 1;
			i++;
		} else if (!text[start] || !strchr("[]{}:,", text[start])) {
			while (i < length && !strchr("[]{}:,\" \t\r\n", text[i]))
				i++;
		}
	}
	return start;
}

int oci_text_syntax_error(yajl_handle parser, const char *name, const char *text, size_t length,
			  struct oci_error *err)
{
	unsigned char *said = yajl_get_error(parser, 0, (const unsigned char *)text, length);
	const struct reason *reason = NULL;
	size_t end = yajl_get_bytes_consumed(parser);
	size_t i;

	for (i = 0; said && i < sizeof(reasons) / sizeof(reasons[0]) && !reason; i++)
		if (strstr((const char *)said, reasons[i].yajl))
			reason = &reasons[i];
	if (said)
		yajl_free_error(parser, said);
	if (end > length)
		end = length;
	if (!reason)
		return fail_at(name, text, end, err, "syntax error");
	if (reason->fault == FAULT_END)
		end = length;
	else if (reason->fault == FAULT_TOKEN)
		end = token_start(text, length, end);
	else if (reason->fault == FAULT_BACK)
		end = token_start(text, length, end < length ? end + 1 : end);
	else if (reason->fault == FAULT_BYTE && end > 0)
		end--;
	return fail_at(name, text, end, err, reason->words);
}
