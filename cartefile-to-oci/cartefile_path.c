/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cartefile_path.c - PATH SOURCE [DESTINATION[:MODE[:UID:GID]]]. Nothing is opened here.
 */
#include <limits.h>
#include <string.h>

#include "base/error.h"
#include "base/io.h"
#include "base/path.h"
#include "cartefile-to-oci/cartefile-private.h"

#define OWNER_MAX 4294967294u /* the last one is -1, which chown(2) takes for "leave it" */

static bool has_dot_dot(const char *path)
{
	while (*path) {
		size_t n = strcspn(path, "/");

		if (n == 2 && path[0] == '.' && path[1] == '.')
			return true;
		path += n + strspn(path + n, "/");
	}
	return false;
}

/* Does it lead above where it begins? As text: links are looked at when it is opened. */
static bool leads_out(const char *path)
{
	long depth = 0;

	while (*path) {
		size_t n = strcspn(path, "/");

		if (n == 2 && path[0] == '.' && path[1] == '.')
			depth--;
		else if (n > 1 || (n == 1 && path[0] != '.'))
			depth++;
		if (depth < 0)
			return true;
		path += n + strspn(path + n, "/");
	}
	return false;
}

static bool is_pattern(const struct word *word)
{
	return word_find(word, '*', 0) < word->length || word_find(word, '?', 0) < word->length ||
	       word_find(word, '[', 0) < word->length;
}

static int check_source(const struct cartefile *file, const struct word *word,
			struct oci_error *err)
{
	char buf[SHOWN_SIZE];
	const char *text = shown(buf, word->text);

	if (word->length == 0)
		return cartefile_fail(
			file, word->place, EINVAL, err,
			"PATH: SOURCE is empty: expected a file or folder of the context");
	if (word_is_plain(word, 0, '-') && word_is_plain(word, 1, '-'))
		return cartefile_fail(
			file, word->place, EINVAL, err,
			"PATH takes no options: mode and owner go behind the destination, as in "
			"/srv/x:0640:33:33; a file that is named so is ./%s",
			text);
	if (strstr(word->text, "://"))
		return cartefile_fail(file, word->place, EINVAL, err,
				      "PATH: nothing is downloaded: fetch '%s' before", text);
	if (word->text[0] == '/')
		return cartefile_fail(file, word->place, EINVAL, err,
				      "PATH: '%s' is absolute: SOURCE is a path in the context",
				      text);
	if (is_pattern(word))
		return cartefile_fail(file, word->place, EINVAL, err,
				      "PATH: '%s': patterns are for .carteignore only: name the "
				      "folder; quote a file that is named so",
				      text);
	if (leads_out(word->text))
		return cartefile_fail(file, word->place, EINVAL, err,
				      "PATH: '%s' leads out of the context", text);
	if (word->length >= PATH_MAX)
		return cartefile_fail(file, word->place, EINVAL, err,
				      "PATH: '%s': a path of %zu bytes, at most %d are possible",
				      text, word->length, PATH_MAX - 1);
	return 0;
}

static int set_source(struct parse *parse, struct cartefile_path *path, const struct word *word,
		      struct oci_error *err)
{
	size_t n = word->length;
	char *cleaned;
	int r = check_source(parse->file, word, err);

	if (r < 0)
		return r;
	path->source_place = word->place;
	path->is_folder = word->text[n - 1] == '/' || strcmp(word->text, ".") == 0 ||
			  strcmp(word->text, "..") == 0 ||
			  (n >= 2 && strcmp(word->text + n - 2, "/.") == 0) ||
			  (n >= 3 && strcmp(word->text + n - 3, "/..") == 0);
	cleaned = oci_arena_printf(parse->arena, "/%s", word->text);
	if (!cleaned)
		return err_nomem(err);
	path_clean(cleaned);
	path->source = cleaned[1] ? cleaned + 1 : oci_arena_strdup(parse->arena, ".");
	return path->source ? 0 : err_nomem(err);
}

static int check_destination(const struct cartefile *file, const struct word *word,
			     const char *text, struct oci_error *err)
{
	char buf[SHOWN_SIZE];

	shown(buf, text);
	if (!*text)
		return cartefile_fail(file, word->place, EINVAL, err,
				      "PATH: expected DESTINATION, an absolute path in the image%s",
				      word->length > 0 ? ", before ':'" : "");
	if (word_is_plain(word, 0, '#'))
		return fail_too_many(file, word, "", err);
	if (text[0] != '/')
		return cartefile_fail(file, word->place, EINVAL, err,
				      "PATH: '%s' is not absolute: expected DESTINATION as a path "
				      "in the image, such as /%s",
				      buf, buf + (strncmp(buf, "./", 2) == 0 ? 2 : 0));
	if (has_dot_dot(text))
		return cartefile_fail(file, word->place, EINVAL, err,
				      "PATH: '%s': '..' is no part of a DESTINATION", buf);
	if (strlen(text) >= PATH_MAX)
		return cartefile_fail(file, word->place, EINVAL, err,
				      "PATH: '%s': a path of %zu bytes, at most %d are possible",
				      buf, strlen(text), PATH_MAX - 1);
	return 0;
}

/* The text between two colons. */
struct part {
	const struct word *word;
	size_t from, to;
};

static struct cartefile_place part_place(const struct part *part)
{
	return part->word->letters[part->from].place;
}

static char *part_text(const struct part *part, struct oci_arena *arena)
{
	return oci_arena_strndup(arena, part->word->text + part->from, part->to - part->from);
}

static int set_mode(struct parse *parse, struct cartefile_path *path, const struct part *part,
		    struct oci_error *err)
{
	char *text = part_text(part, parse->arena), buf[SHOWN_SIZE];
	size_t digits;
	unsigned mode = 0;

	if (!text)
		return err_nomem(err);
	digits = strspn(text, "01234567");
	if (!*text)
		return cartefile_fail(parse->file, part_place(part), EINVAL, err,
				      "PATH: expected MODE behind ':', such as 0755; a ':' of the "
				      "path itself is quoted");
	if (text[digits] || digits > 4)
		return cartefile_fail(parse->file, part_place(part), EINVAL, err,
				      "PATH: '%s' is no MODE: expected one to four octal digits, "
				      "such as 0755; a ':' of the path itself is quoted",
				      shown(buf, text));
	for (size_t i = 0; i < digits; i++)
		mode = mode * 8 + (unsigned)(text[i] - '0');
	path->has_mode = true;
	path->mode = (uint16_t)mode;
	return 0;
}

static int set_owner(struct parse *parse, const struct part *part, const char *what, uint32_t *ret,
		     struct oci_error *err)
{
	char *text = part_text(part, parse->arena), buf[SHOWN_SIZE];
	int r;

	if (!text)
		return err_nomem(err);
	r = parse_u32(text, ret);
	if (r == 0 && *ret <= OWNER_MAX)
		return 0;
	if (!*text)
		return cartefile_fail(parse->file, part_place(part), EINVAL, err,
				      "PATH: expected %s, a number, behind ':'", what);
	if (r == -EINVAL)
		return cartefile_fail(
			parse->file, part_place(part), EINVAL, err,
			"PATH: '%s' is no %s: expected a number, as in the image's /etc/%s",
			shown(buf, text), what, *what == 'U' ? "passwd" : "group");
	return cartefile_fail(parse->file, part_place(part), EINVAL, err,
			      "PATH: %s %s is too large: at most %u are possible", what,
			      shown(buf, text), OWNER_MAX);
}

static int set_attributes(struct parse *parse, struct cartefile_path *path,
			  const struct part *parts, size_t count, struct oci_error *err)
{
	int r = 0;

	if (count > 1)
		r = set_mode(parse, path, &parts[1], err);
	if (r == 0 && count > 2)
		r = set_owner(parse, &parts[2], "UID", &path->uid, err);
	if (r == 0 && count == 3)
		return cartefile_fail(parse->file,
				      parts[2].word->letters[parts[2].word->length].place, EINVAL,
				      err, "PATH: UID without GID: expected ':' and a GID");
	if (r == 0 && count > 3)
		r = set_owner(parse, &parts[3], "GID", &path->gid, err);
	path->has_owner = count > 3;
	return r;
}

static int set_destination(struct parse *parse, struct cartefile_path *path,
			   const struct word *word, struct oci_error *err)
{
	struct part parts[4];
	size_t count = 0, at = 0, n;
	char *text;
	int r;

	for (;;) {
		size_t colon = word_find(word, ':', at);

		if (count == 4)
			return cartefile_fail(
				parse->file, word->letters[at - 1].place, EINVAL, err,
				"PATH: expected nothing behind DESTINATION:MODE:UID:GID");
		parts[count++] = (struct part){ word, at, colon };
		if (colon == word->length)
			break;
		at = colon + 1;
	}
	text = part_text(&parts[0], parse->arena);
	if (!text)
		return err_nomem(err);
	r = check_destination(parse->file, word, text, err);
	if (r < 0)
		return r;
	n = strlen(text);
	path->into = !path->is_folder && (text[n - 1] == '/' || strcmp(text + n - 2, "/.") == 0);
	path->destination = path_clean(text);
	return set_attributes(parse, path, parts, count, err);
}

static int default_destination(struct parse *parse, struct cartefile_path *path,
			       struct oci_error *err)
{
	const char *slash = strrchr(path->source, '/');
	const char *name = slash ? slash + 1 : path->source;

	path->destination =
		oci_arena_printf(parse->arena, "/%s", strcmp(name, ".") == 0 ? "" : name);
	return path->destination ? 0 : err_nomem(err);
}

static struct cartefile_path *new_path(struct parse *parse)
{
	struct cartefile *file = parse->file;

	if (file->paths_len == parse->paths_room) {
		size_t room = parse->paths_room ? parse->paths_room * 2 : 8;
		struct cartefile_path *paths = oci_arena_array(parse->arena, room, sizeof(*paths));

		if (!paths)
			return NULL;
		if (file->paths_len > 0)
			memcpy(paths, file->paths, file->paths_len * sizeof(*paths));
		file->paths = paths;
		parse->paths_room = room;
	}
	return &file->paths[file->paths_len++];
}

int parse_path(struct parse *parse, const struct instruction *in, struct oci_error *err)
{
	const struct cartefile *file = parse->file;
	struct cartefile_path *path;
	int r;

	if (in->len < 2)
		return cartefile_fail(file, in->end, EINVAL, err,
				      "PATH: expected SOURCE [DESTINATION[:MODE[:UID:GID]]]");
	path = new_path(parse);
	if (!path)
		return err_nomem(err);
	path->place = in->words[0].place;
	r = set_source(parse, path, &in->words[1], err);
	if (r < 0)
		return r;
	if (in->len > 3 && !word_is_plain(&in->words[2], 0, '#'))
		return fail_too_many(file, &in->words[3],
				     "PATH takes one SOURCE and one DESTINATION", err);
	return in->len > 2 ? set_destination(parse, path, &in->words[2], err)
			   : default_destination(parse, path, err);
}
