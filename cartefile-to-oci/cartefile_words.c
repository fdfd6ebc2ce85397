/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cartefile_words.c - what is no instruction: the one that was meant, or what is done here instead of a Dockerfile's.
 */
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/mem.h"
#include "cartefile-to-oci/cartefile-private.h"

#define WORD_MAX 16

static const char *const instructions[] = { "FROM", "NAME", "PATH", "exe_PATH" };

/* See cartefile-dockerfile(7). FROM is in both. */
static const struct {
	const char *word;
	const char *way;
} dockerfile[] = {
	{ "ADD", "write PATH SOURCE DESTINATION; nothing is downloaded or unpacked" },
	{ "ARG",
	  "a Cartefile has no variables; let a program write the Cartefile, or give it by -f" },
	{ "CMD", "write exe_PATH /path/of/program argument ..." },
	{ "COPY", "write PATH SOURCE DESTINATION" },
	{ "ENTRYPOINT", "write exe_PATH /path/of/program argument ..." },
	{ "ENV", "write exe_PATH VAR=value /path/of/program" },
	{ "EXPOSE", "an image opens no ports; publish them where the container is started" },
	{ "HEALTHCHECK",
	  "FROM keeps the base's; a check of one's own belongs to who starts the container" },
	{ "LABEL", "write NAME IMAGE key=value ..." },
	{ "MAINTAINER", "write NAME IMAGE org.opencontainers.image.authors=\"...\"" },
	{ "ONBUILD", "an image is built from one Cartefile, nothing is run for later ones" },
	{ "RUN",
	  "nothing is run while an image is built; run it before, and copy what it made by PATH" },
	{ "SHELL", "no shell is used; name it: exe_PATH /bin/sh -c '...'" },
	{ "STOPSIGNAL",
	  "FROM keeps the base's; another one is chosen where the container is started" },
	{ "USER", "write exe_PATH @UID:GID /path/of/program" },
	{ "VOLUME", "FROM keeps the base's; folders are mounted where the container is started" },
	{ "WORKDIR", "FROM keeps the base's; name files by their absolute paths" },
};

/* Restricted Damerau-Levenshtein, three rows of the table at a time. */
unsigned word_distance(const char *a, const char *b)
{
	size_t m = strlen(a), n = strlen(b);
	unsigned rows[3][WORD_MAX + 1];
	unsigned *before = rows[0], *above = rows[1], *row = rows[2];

	if (m > WORD_MAX || n > WORD_MAX)
		return WORD_MAX;
	for (size_t j = 0; j <= n; j++)
		above[j] = (unsigned)j;
	for (size_t i = 1; i <= m; i++) {
		unsigned *spare = before;

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= n; j++) {
			bool same = strncasecmp(a + i - 1, b + j - 1, 1) == 0;
			unsigned least = above[j - 1] + !same;

			if (above[j] + 1 < least)
				least = above[j] + 1;
			if (row[j - 1] + 1 < least)
				least = row[j - 1] + 1;
			if (i > 1 && j > 1 && strncasecmp(a + i - 1, b + j - 2, 1) == 0 &&
			    strncasecmp(a + i - 2, b + j - 1, 1) == 0 && before[j - 2] + 1 < least)
				least = before[j - 2] + 1;
			row[j] = least;
		}
		before = above;
		above = row;
		row = spare;
	}
	return above[n];
}

static const char *nearest(const char *text)
{
	const char *best = NULL;
	unsigned least = 3;

	for (size_t i = 0; i < ARRAY_LEN(instructions); i++) {
		unsigned distance = word_distance(text, instructions[i]);

		if (distance < least) {
			least = distance;
			best = instructions[i];
		}
	}
	if (!best && strncasecmp(text, "exe", 3) == 0)
		best = "exe_PATH";
	return best;
}

int fail_unknown(const struct cartefile *file, const struct word *word, struct oci_error *err)
{
	char buf[SHOWN_SIZE];
	const char *best;

	for (size_t i = 0; i < ARRAY_LEN(dockerfile); i++)
		if (strcasecmp(word->text, dockerfile[i].word) == 0)
			return cartefile_fail(file, word->place, EINVAL, err,
					      "%s is an instruction of Dockerfiles: %s",
					      dockerfile[i].word, dockerfile[i].way);
	best = nearest(word->text);
	if (best)
		return cartefile_fail(file, word->place, EINVAL, err,
				      "'%s' is no instruction, did you mean %s?",
				      shown(buf, word->text), best);
	return cartefile_fail(file, word->place, EINVAL, err,
			      "'%s' is no instruction: expected FROM, NAME, PATH or exe_PATH",
			      shown(buf, word->text));
}

int fail_too_many(const struct cartefile *file, const struct word *word, const char *what,
		  struct oci_error *err)
{
	char buf[SHOWN_SIZE];

	if (word_is_plain(word, 0, '#'))
		return cartefile_fail(file, word->place, EINVAL, err,
				      "a comment stands on a line of its own");
	return cartefile_fail(file, word->place, EINVAL, err, "%s, '%s' is too much", what,
			      shown(buf, word->text));
}
