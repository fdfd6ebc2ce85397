/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cartefile_exe.c - exe_PATH [VAR=value ...] [@USER[:GROUP]] /path/in/image arg ...
 *
 * What is behind the path belongs to the program, byte for byte. No shell is involved.
 */
#include <limits.h>
#include <string.h>

#include "base/error.h"
#include "base/io.h"
#include "cartefile-to-oci/cartefile-private.h"

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"
#define ENV_MAX 1024
#define USER_NAME_MAX 32 /* useradd(8) */

static int add_env(struct parse *parse, const struct word *word, size_t equals,
		   struct oci_error *err)
{
	struct cartefile *file = parse->file;
	char buf[SHOWN_SIZE];

	if (equals == 0 || strspn(word->text, LETTERS DIGITS "_") != equals ||
	    strchr(DIGITS, word->text[0]))
		return cartefile_fail(
			file, word->place, EINVAL, err,
			"exe_PATH: '%s': expected VAR=value, where VAR has letters, digits and '_'",
			shown(buf, word->text));
	for (size_t i = 0; i < file->env_len; i++)
		if (strncmp(file->env[i], word->text, equals + 1) == 0)
			return cartefile_fail(file, word->place, EINVAL, err,
					      "exe_PATH: the variable is there already: '%s'",
					      shown(buf, file->env[i]));
	if (file->env_len == ENV_MAX)
		return cartefile_fail(file, word->place, EINVAL, err,
				      "exe_PATH: more than %d variables", ENV_MAX);
	file->env[file->env_len] = oci_arena_strdup(parse->arena, word->text);
	return file->env[file->env_len++] ? 0 : err_nomem(err);
}

/* "1000" or a name; whose it is, is seen in the image's passwd when the bundle is made. */
static bool is_account(const char *text, size_t length)
{
	char buf[USER_NAME_MAX + 1];
	uint32_t number;

	if (length == 0 || length > USER_NAME_MAX || text[0] == '-')
		return false;
	memcpy(buf, text, length);
	buf[length] = '\0';
	if (strspn(buf, DIGITS) == length)
		return parse_u32(buf, &number) == 0 && number != UINT32_MAX;
	return strspn(buf, LETTERS DIGITS "_.-") == length;
}

static int set_user(struct parse *parse, const struct word *word, struct oci_error *err)
{
	struct cartefile *file = parse->file;
	const char *text = word->text + 1;
	size_t n = strcspn(text, ":");
	char buf[SHOWN_SIZE];

	if (file->user)
		return cartefile_fail(file, word->place, EINVAL, err,
				      "exe_PATH: the user is there already: '@%s'", file->user);
	if (!is_account(text, n))
		return cartefile_fail(file, word->letters[1].place, EINVAL, err,
				      "exe_PATH: '%s': expected @USER or @USER:GROUP, as numbers "
				      "or names of the image",
				      shown(buf, word->text));
	if (text[n] && !is_account(text + n + 1, strlen(text + n + 1)))
		return cartefile_fail(file, word->letters[n + 2].place, EINVAL, err,
				      "exe_PATH: '%s': expected a GROUP behind ':', as a number or "
				      "a name of the image",
				      shown(buf, word->text));
	file->user = oci_arena_strdup(parse->arena, text);
	return file->user ? 0 : err_nomem(err);
}

static int check_program(const struct cartefile *file, const struct word *word,
			 struct oci_error *err)
{
	char buf[SHOWN_SIZE];
	const char *text = shown(buf, word->text);
	size_t n = word->length;

	if (word_is_plain(word, 0, '#'))
		return fail_too_many(file, word, "", err);
	if (word_is_plain(word, 0, '['))
		return cartefile_fail(
			file, word->place, EINVAL, err,
			"exe_PATH: '%s': write the command in words, without brackets and commas",
			text);
	if (word->text[0] != '/')
		return cartefile_fail(file, word->place, EINVAL, err,
				      "exe_PATH: '%s' is not absolute: expected the program's path "
				      "in the image; there is no shell and no $PATH",
				      text);
	if (n >= PATH_MAX)
		return cartefile_fail(
			file, word->place, EINVAL, err,
			"exe_PATH: '%s': a path of %zu bytes, at most %d are possible", text, n,
			PATH_MAX - 1);
	if (strstr(word->text, "/../") || (n >= 3 && strcmp(word->text + n - 3, "/..") == 0))
		return cartefile_fail(file, word->place, EINVAL, err,
				      "exe_PATH: '%s': '..' is no part of a path in the image",
				      text);
	if (word->text[n - 1] == '/')
		return cartefile_fail(file, word->place, EINVAL, err,
				      "exe_PATH: '%s' is a folder: expected a program", text);
	return 0;
}

static int set_arguments(struct parse *parse, const struct instruction *in, size_t at,
			 struct oci_error *err)
{
	struct cartefile *file = parse->file;
	int r = check_program(file, &in->words[at], err);

	if (r < 0)
		return r;
	file->exe_path_place = in->words[at].place;
	file->argv = oci_arena_array(parse->arena, in->len - at + 1, sizeof(*file->argv));
	if (!file->argv)
		return err_nomem(err);
	for (; at < in->len; at++) {
		if (word_is_plain(&in->words[at], 0, '#'))
			return cartefile_fail(file, in->words[at].place, EINVAL, err,
					      "a comment stands on a line of its own; quote an "
					      "argument that begins with '#'");
		file->argv[file->argv_len] = oci_arena_strdup(parse->arena, in->words[at].text);
		if (!file->argv[file->argv_len++])
			return err_nomem(err);
	}
	file->has_exe = true;
	return 0;
}

int parse_exe(struct parse *parse, const struct instruction *in, struct oci_error *err)
{
	struct cartefile *file = parse->file;
	size_t at;

	file->exe_place = in->words[0].place;
	file->env = oci_arena_array(parse->arena, in->len, sizeof(*file->env));
	if (!file->env)
		return err_nomem(err);
	for (at = 1; at < in->len && in->words[at].text[0] != '/'; at++) {
		const struct word *word = &in->words[at];
		size_t equals = strcspn(word->text, "=");
		int r;

		if (word_is_plain(word, 0, '@')) {
			r = set_user(parse, word, err);
		} else if (word->text[equals] && !word_is_plain(word, 0, '[')) {
			if (file->user)
				return cartefile_fail(file, word->place, EINVAL, err,
						      "exe_PATH: VAR=value goes before @%s",
						      file->user);
			r = add_env(parse, word, equals, err);
		} else {
			return check_program(file, word, err);
		}
		if (r < 0)
			return r;
	}
	if (at == in->len)
		return cartefile_fail(
			file, in->end, EINVAL, err,
			"exe_PATH: expected the program's absolute path in the image");
	return set_arguments(parse, in, at, err);
}
