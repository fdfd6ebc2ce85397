/* SPDX-License-Identifier: Apache-2.0 */
/*
 * words.c - see words.h. No variable, pattern or command is expanded: no shell is in the image.
 */
#include <stdbool.h>
#include <string.h>

#include "base/error.h"
#include "cartefile-to-oci/words.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

/* One word from *text into @out (long enough for all of the text); false: a quote is not closed. */
static bool take_word(const char **text, char *out)
{
	const char *p = *text;
	char quote = 0;

	for (; *p && (quote || !is_blank(*p)); p++) {
		if (quote ? *p == quote : *p == '\'' || *p == '"') {
			if (quote)
				quote = 0;
			else
				quote = *p;
			continue;
		}
		if (*p == '\\' && quote != '\'' && p[1])
			p++;
		*out++ = *p;
	}
	*out = '\0';
	*text = p;
	return !quote;
}

int words_split(const char *option, const char *text, struct oci_arena *arena, char ***ret,
		size_t *ret_len, struct oci_error *err)
{
	size_t length = strlen(text), n = 0;
	char **words = oci_arena_array(arena, length / 2 + 2, sizeof(*words));
	char *word = oci_arena_alloc(arena, length + 1);

	if (!words || !word)
		return err_nomem(err);
	for (;;) {
		while (is_blank(*text))
			text++;
		if (!*text)
			break;
		if (!take_word(&text, word))
			return err_set_as(err, ERR_USAGE, EINVAL, "%s: a quote is not closed",
					  option);
		words[n] = oci_arena_strdup(arena, word);
		if (!words[n++])
			return err_nomem(err);
	}
	if (!n || !*words[0])
		return err_set_as(err, ERR_USAGE, EINVAL, "%s: names no program", option);
	*ret = words;
	*ret_len = n;
	return 0;
}
