/* SPDX-License-Identifier: Apache-2.0 */
/*
 * script.c - "#!": the interpreter of a script, and the program that env(1) looks for (execve(2), "Interpreter scripts").
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "cartefile-to-oci/slim-private.h"

#define LINE_MAX_LENGTH 256 /* BINPRM_BUF_SIZE since 5.1 */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static char *next_word(char **rest)
{
	char *word = *rest, *end;

	while (is_blank(*word))
		word++;
	if (!*word)
		return NULL;
	end = word;
	while (*end && !is_blank(*end))
		end++;
	*rest = *end ? end + 1 : end;
	*end = '\0';
	return word;
}

/* Only the script that is the image's program must run; another one may be there to be read. */
static int missing(struct slim *s, const struct tree_node *node, const char *interpreter)
{
	char path[PATH_MAX];
	const char *where =
		s->view.sysroot ? "neither in the image nor in the sysroot" : "not in the image";

	tree_path(node, path, sizeof(path));
	if (node == s->exe)
		return err_set(s->err, ENOENT, "%s needs %s, which is %s", path, interpreter,
			       where);
	return slim_suggest(s, "%s: needs %s, which is %s", path, interpreter, where);
}

static int find_program(struct slim *s, struct tree_node *node, const char *name)
{
	const char *at = s->options->search_path ? s->options->search_path : SLIM_USUAL_PATH;

	if (strchr(name, '/')) {
		int e = slim_take_path(s, name, slim_why_script, node);

		return e == 0 ? missing(s, node, name) : e < 0 ? e : 0;
	}
	while (*at) {
		size_t length = strcspn(at, ":");
		char path[PATH_MAX];
		int n = snprintf(path, sizeof(path), "%.*s/%s", (int)length, at, name);

		if (length > 0 && n > 0 && (size_t)n < sizeof(path)) {
			int e = slim_take_path(s, path, slim_why_script, node);

			if (e != 0)
				return e < 0 ? e : 0;
		}
		at += length + (at[length] == ':');
	}
	return missing(s, node, name);
}

/* env's own options and assignments come before the program's name; -S splits what follows, which we do anyway */
static int find_behind_env(struct slim *s, struct tree_node *node, char *rest)
{
	char *word;

	while ((word = next_word(&rest))) {
		if (strncmp(word, "-S", 2) == 0 && word[2])
			word += 2;
		else if (word[0] == '-')
			continue;
		if (!strchr(word, '='))
			return find_program(s, node, word);
	}
	return 0;
}

int script_interpreter(struct slim *s, struct tree_node *node)
{
	char line[LINE_MAX_LENGTH + 1], *rest = line + 2, *interpreter;
	const char *name;
	ssize_t n;
	int e;

	if (!(node->mode & 0111) || node->content->size < 3)
		return 0;
	n = tree_pread(node, line, LINE_MAX_LENGTH, 0, s->err);
	if (n < 0)
		return (int)n;
	line[n] = '\0';
	if (n < 3 || line[0] != '#' || line[1] != '!')
		return 0;
	line[strcspn(line, "\r\n")] = '\0';
	interpreter = next_word(&rest);
	if (!interpreter || interpreter[0] != '/')
		return 0;
	e = slim_take_path(s, interpreter, slim_why_script, node);
	if (e <= 0)
		return e == 0 ? missing(s, node, interpreter) : e;
	name = strrchr(interpreter, '/') + 1;
	return strcmp(name, "env") == 0 ? find_behind_env(s, node, rest) : 0;
}
