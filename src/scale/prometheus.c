/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prometheus.c - one value of the text format that replicas serve (prometheus.io, "Exposition formats"): NAME{LABEL="VALUE",...} NUMBER [TIME].
 *
 * The text is a replica's, so anybody's: what is no line of the format is passed over.
 */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "scale/sampler.h"

#define LABELS_MAX 16
#define NUMBER_MAX 64

struct text {
	const char *at, *end;
};

struct label {
	struct text name, value; /* the value as it is written, with its escapes */
};

struct line {
	struct text name;
	struct label labels[LABELS_MAX];
	size_t labels_len;
};

static void skip_blanks(struct text *t)
{
	while (t->at < t->end && (*t->at == ' ' || *t->at == '\t'))
		t->at++;
}

static bool take_char(struct text *t, char c)
{
	if (t->at >= t->end || *t->at != c)
		return false;
	t->at++;
	return true;
}

static bool take_name(struct text *t, struct text *ret)
{
	ret->at = t->at;
	while (t->at < t->end && (isalnum((unsigned char)*t->at) || *t->at == '_' || *t->at == ':'))
		t->at++;
	ret->end = t->at;
	return ret->end > ret->at && !isdigit((unsigned char)*ret->at);
}

static bool take_quoted(struct text *t, struct text *ret)
{
	if (!take_char(t, '"'))
		return false;
	ret->at = t->at;
	while (t->at < t->end && *t->at != '"')
		t->at += *t->at == '\\' && t->end - t->at > 1 ? 2 : 1;
	ret->end = t->at;
	return take_char(t, '"');
}

/* "name", or "name{a="x",b="y",}" */
static bool take_series(struct text *t, struct line *ret)
{
	ret->labels_len = 0;
	if (!take_name(t, &ret->name))
		return false;
	skip_blanks(t);
	if (!take_char(t, '{'))
		return true;
	for (;;) {
		struct label *label = &ret->labels[ret->labels_len];

		skip_blanks(t);
		if (take_char(t, '}'))
			return true;
		if (ret->labels_len == LABELS_MAX || !take_name(t, &label->name))
			return false;
		skip_blanks(t);
		if (!take_char(t, '='))
			return false;
		skip_blanks(t);
		if (!take_quoted(t, &label->value))
			return false;
		ret->labels_len++;
		skip_blanks(t);
		if (!take_char(t, ',') && !(t->at < t->end && *t->at == '}'))
			return false;
	}
}

static bool same(const struct text *a, const struct text *b)
{
	return a->end - a->at == b->end - b->at &&
	       memcmp(a->at, b->at, (size_t)(a->end - a->at)) == 0;
}

/* Every label that is asked for is there; others may be. */
static bool matches(const struct line *asked, const struct line *line)
{
	if (!same(&asked->name, &line->name))
		return false;
	for (size_t i = 0; i < asked->labels_len; i++) {
		bool found = false;

		for (size_t k = 0; k < line->labels_len && !found; k++)
			found = same(&asked->labels[i].name, &line->labels[k].name) &&
				same(&asked->labels[i].value, &line->labels[k].value);
		if (!found)
			return false;
	}
	return true;
}

static int take_number(struct text *t, double *ret)
{
	char number[NUMBER_MAX], *rest;
	size_t length = 0;

	skip_blanks(t);
	while (t->at < t->end && *t->at != ' ' && *t->at != '\t' && *t->at != '\r') {
		if (length == sizeof(number) - 1)
			return -EINVAL;
		number[length++] = *t->at++;
	}
	number[length] = '\0';
	*ret = strtod(number, &rest);
	return !length || *rest ? -EINVAL : 0;
}

int prometheus_value(const char *text, size_t length, const char *name, double *ret)
{
	struct text wish = { name, name + strlen(name) };
	struct text rest = { text, text + length };
	struct line asked, line;
	bool found = false;
	double sum = 0, value;

	if (!take_series(&wish, &asked) || wish.at != wish.end)
		return -EINVAL;
	while (rest.at < rest.end) {
		const char *newline = memchr(rest.at, '\n', (size_t)(rest.end - rest.at));
		struct text t = { rest.at, newline ? newline : rest.end };

		rest.at = newline ? newline + 1 : rest.end;
		skip_blanks(&t);
		/* comments begin with '#', which begins no name */
		if (!take_series(&t, &line) || !matches(&asked, &line))
			continue;
		if (take_number(&t, &value) < 0 || isinf(value))
			return -EINVAL;
		/* Prometheus' word for "no value" */
		if (isnan(value))
			continue;
		sum += value;
		found = true;
	}
	if (!found)
		return -ENOENT;
	*ret = sum;
	return 0;
}
