/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compose_value.c - values: words, numbers, times, sizes.
 *
 * A scalar is taken as it is written, whether quoted or not: "on" is the word on where a word is wanted, and true where a truth is.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/io.h"
#include "scale/compose-private.h"

#define TIME_MS_MAX (INT64_C(366) * 24 * 3600 * 1000)
#define CORES_MAX 4096

static bool is_scalar(const struct at *at)
{
	return at->node->kind == NODE_SCALAR;
}

/* A text that may be empty. */
int read_text(struct reader *reader, const struct at *at, void *slot, const struct row *row)
{
	if (!is_scalar(at))
		return fail_expected(reader, at, row && row->why ? row->why : "a text");
	*(const char **)slot = at->node->text;
	return 0;
}

int read_string(struct reader *reader, const struct at *at, void *slot, const struct row *row)
{
	if (!is_scalar(at) || !*at->node->text)
		return fail_expected(reader, at, row && row->why ? row->why : "a text");
	for (const char *p = at->node->text; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return fail(reader, at, "a control character in '%s'",
				    shown((char[SHOWN_SIZE]){ 0 }, at->node->text));
	*(const char **)slot = at->node->text;
	return 0;
}

int read_ignored(struct reader *reader, const struct at *at, void *slot, const struct row *row)
{
	(void)reader;
	(void)at;
	(void)slot;
	(void)row;
	return 0;
}

int read_bool(struct reader *reader, const struct at *at, void *slot, const struct row *row)
{
	static const char *const words[2][6] = {
		{ "false", "False", "FALSE", "no", "off", NULL },
		{ "true", "True", "TRUE", "yes", "on", NULL },
	};

	(void)row;
	for (int value = 0; is_scalar(at) && value < 2; value++)
		for (size_t i = 0; words[value][i]; i++)
			if (strcmp(at->node->text, words[value][i]) == 0) {
				*(bool *)slot = value;
				return 0;
			}
	return fail_expected(reader, at, "true or false");
}

int read_word(struct reader *reader, const struct at *at, const char *const *words, int *ret)
{
	for (int i = 0; is_scalar(at) && words[i]; i++)
		if (strcmp(at->node->text, words[i]) == 0) {
			*ret = i;
			return 0;
		}
	return fail_words(reader, at, words);
}

int read_int(struct reader *reader, const struct at *at, void *slot, const struct row *row)
{
	char words[96];
	int64_t value = 0;
	int r = is_scalar(at) ? parse_i64(at->node->text, &value) : -EINVAL;

	if (r == 0 && value >= row->min && value <= row->max) {
		*(int64_t *)slot = value;
		return 0;
	}
	if (row->max == INT64_MAX)
		snprintf(words, sizeof(words), "a whole number from %lld", (long long)row->min);
	else
		snprintf(words, sizeof(words), "a whole number from %lld to %lld",
			 (long long)row->min, (long long)row->max);
	return fail_expected(reader, at, words);
}

int read_u32(struct reader *reader, const struct at *at, void *slot, const struct row *row)
{
	uint32_t value;

	(void)row;
	if (!is_scalar(at) || parse_u32(at->node->text, &value) < 0 || value == UINT32_MAX)
		return fail_expected(reader, at, "a number from 0 to 4294967294");
	*(uint32_t *)slot = value;
	return 0;
}

/* As YAML has it: 0444 and 0o444 are octal, 292 is the same in decimal; in quotes it is always octal. */
int read_mode(struct reader *reader, const struct at *at, void *slot, const struct row *row)
{
	const char *text = at->node->text;
	bool octal;
	char *end;
	long value;

	(void)row;
	if (!is_scalar(at) || *text < '0' || *text > '9')
		return fail_expected(reader, at, "a mode such as 0444");
	octal = *text == '0' || !at->node->plain;
	if (text[0] == '0' && text[1] == 'o')
		text += 2;
	value = strtol(text, &end, octal ? 8 : 10);
	if (*text < '0' || *text > '9' || *end || value < 0 || value > 07777)
		return fail_expected(reader, at, "a mode such as 0444, at most 07777");
	*(uint32_t *)slot = (uint32_t)value;
	return 0;
}

/* Digits with or without a fraction, no sign, no exponent. *ret_end: behind it. */
static bool take_decimal(const char *text, const char **ret_end, double *ret)
{
	size_t n = strspn(text, "0123456789"), whole = n;

	if (text[n] == '.')
		n += 1 + strspn(text + n + 1, "0123456789");
	if (whole == 0 || n > 24 || text[n - 1] == '.')
		return false;
	*ret = strtod(text, NULL);
	*ret_end = text + n;
	return true;
}

int value_time(const char *text, int64_t *ret_ms)
{
	static const struct {
		const char *word;
		double ms;
	} units[] = { { "us", 0.001 }, { "ms", 1 },      { "s", 1000 },
		      { "m", 60000 },  { "h", 3600000 }, { "d", 86400000 } };
	double sum = 0, value;

	if (strcmp(text, "0") == 0) {
		*ret_ms = 0;
		return 0;
	}
	if (!*text)
		return -EINVAL;
	while (*text) {
		size_t length, unit = 0;

		if (!take_decimal(text, &text, &value))
			return -EINVAL;
		length = strspn(text, "abcdefghijklmnopqrstuvwxyz");
		while (unit < ARRAY_LEN(units) && (strlen(units[unit].word) != length ||
						   memcmp(units[unit].word, text, length) != 0))
			unit++;
		if (unit == ARRAY_LEN(units))
			return -EINVAL;
		sum += value * units[unit].ms;
		text += length;
	}
	if (sum > (double)TIME_MS_MAX)
		return -ERANGE;
	*ret_ms = (int64_t)(sum + 0.999999);
	return 0;
}

int read_time(struct reader *reader, const struct at *at, void *slot, const struct row *row)
{
	int64_t value = 0;
	int r = is_scalar(at) ? value_time(at->node->text, &value) : -EINVAL;

	if (r == -ERANGE)
		return fail_expected(reader, at, "a time of at most a year");
	if (r < 0)
		return fail_expected(reader, at, "a time with its unit, such as 1m30s");
	if (row && value < row->min) {
		char words[64];

		snprintf(words, sizeof(words), "a time of at least %lldms", (long long)row->min);
		return fail_expected(reader, at, words);
	}
	*(int64_t *)slot = value;
	return 0;
}

int value_size(const char *text, int64_t *ret)
{
	static const char letters[] = "kmgt";
	const char *end;
	double value, unit = 1;

	if (!take_decimal(text, &end, &value))
		return -EINVAL;
	if (*end == ' ')
		end++;
	if (*end) {
		char c = (char)(*end | 0x20);
		const char *letter = strchr(letters, c);

		if (letter) {
			unit = (double)(INT64_C(1) << (10 * (letter - letters + 1)));
			end++;
			if ((*end | 0x20) == 'i' && (end[1] | 0x20) == 'b')
				end++;
		}
		if ((*end | 0x20) == 'b')
			end++;
	}
	if (*end)
		return -EINVAL;
	if (value * unit >= 0x1p62)
		return -ERANGE;
	*ret = (int64_t)(value * unit);
	return 0;
}

int read_size(struct reader *reader, const struct at *at, void *slot, const struct row *row)
{
	int64_t value = 0;

	if (is_scalar(at) && row && row->min == -1 && strcmp(at->node->text, "-1") == 0) {
		*(int64_t *)slot = -1;
		return 0;
	}
	if (!is_scalar(at) || value_size(at->node->text, &value) < 0)
		return fail_expected(reader, at, "bytes, such as 512m or 1gb");
	if (row && row->min > 0 && value < row->min) {
		char words[64];

		snprintf(words, sizeof(words), "at least %lld bytes", (long long)row->min);
		return fail_expected(reader, at, words);
	}
	*(int64_t *)slot = value;
	return 0;
}

int read_cpus(struct reader *reader, const struct at *at, void *slot, const struct row *row)
{
	const char *end;
	double value = 0;

	if (!is_scalar(at) || !take_decimal(at->node->text, &end, &value) || *end)
		return fail_expected(reader, at, "cores, such as 0.5");
	if (row->min == 0 && value == 0) { /* docker's 0: no limit */
		*(int64_t *)slot = -1;
		return 0;
	}
	if (value < 0.001 || value > CORES_MAX)
		return fail_expected(reader, at, "cores from 0.001 to 4096");
	*(int64_t *)slot = (int64_t)(value * 1000 + 0.5);
	return 0;
}

static int read_double(struct reader *reader, const struct at *at, const char *text, void *slot,
		       const struct row *row)
{
	char words[96];
	const char *end;
	double value = 0;

	if (text && take_decimal(text, &end, &value) && !*end && value >= (double)row->min &&
	    value <= (double)row->max) {
		*(double *)slot =
			(double)(int64_t)(value * 1e6 + 0.5) / 1e6; /* what put_number writes */
		return 0;
	}
	snprintf(words, sizeof(words), "a number from %lld to %lld", (long long)row->min,
		 (long long)row->max);
	return fail_expected(reader, at, words);
}

int read_number(struct reader *reader, const struct at *at, void *slot, const struct row *row)
{
	return read_double(reader, at, is_scalar(at) ? at->node->text : NULL, slot, row);
}

/* "60" or "60%" */
int read_percent(struct reader *reader, const struct at *at, void *slot, const struct row *row)
{
	size_t n = is_scalar(at) ? strlen(at->node->text) : 0;
	char text[32] = "";

	if (n == 0 || n >= sizeof(text))
		return fail_expected(reader, at, "a number");
	memcpy(text, at->node->text, n);
	if (text[n - 1] == '%')
		text[n - 1] = '\0';
	return read_double(reader, at, text, slot, row);
}

int value_port(const char *text, uint16_t *ret)
{
	uint32_t value;

	if (parse_u32(text, &value) < 0 || value == 0 || value > UINT16_MAX)
		return -EINVAL;
	*ret = (uint16_t)value;
	return 0;
}
