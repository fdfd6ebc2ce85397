/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cartefile_name.c - NAME, and the grammar of image names: distribution-spec's <name> and <reference>, with the domain that
 * all tools put before it (github.com/distribution/reference).
 */
#include <ctype.h>
#include <string.h>

#include "base/error.h"
#include "cartefile-to-oci/cartefile-private.h"

#define NAME_LENGTH_MAX 255
#define TAG_LENGTH_MAX 128
#define LABELS_MAX 1024
#define LOCAL_DOMAIN "localhost/" /* what podman puts before a short name */

struct reference {
	const struct cartefile *file;
	const struct word *word;
	const char *what;
};

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
	return is_lower(c) || is_digit(c);
}

/* Bytes of the domain and its slash at the beginning, 0 without one: as Docker tells it from a folder. */
static size_t domain_length(const char *text)
{
	size_t n = strcspn(text, "/");

	if (!text[n])
		return 0;
	if (memchr(text, '.', n) || memchr(text, ':', n) ||
	    (n == strlen("localhost") && memcmp(text, "localhost", n) == 0))
		return n + 1;
	return 0;
}

static int fail_at(const struct reference *ref, size_t at, struct oci_error *err, const char *why)
{
	char byte[8] = { 0 };
	const char *text = ref->word->text + at;
	size_t n = *text ? 1 : 0;

	while (n > 0 && n < 4 && (text[n] & 0xc0) == 0x80)
		n++;
	memcpy(byte, text, n);
	if (n == 0)
		return cartefile_fail(ref->file, ref->word->letters[at].place, EINVAL, err,
				      "%s: the image's name ends too early: %s", ref->what, why);
	return cartefile_fail(ref->file, ref->word->letters[at].place, EINVAL, err,
			      "%s: '%s' cannot be here: %s", ref->what, byte, why);
}

/* Small letters and digits, with one separator between them: ".", "_", "__", or dashes. Return: the end, or -errno. */
static int check_component(const struct reference *ref, size_t at, const char *ends,
			   size_t *ret_end, struct oci_error *err)
{
	static const char why[] = "a name has small letters and digits, between them '.', '_', "
				  "'__' or '-', and '/' between its parts";
	const char *text = ref->word->text;

	for (;;) {
		size_t begin = at, separator;

		while (is_alnum(text[at]))
			at++;
		if (at == begin) {
			if (text[at] >= 'A' && text[at] <= 'Z')
				return fail_at(ref, at, err,
					       "an image's name has small letters only");
			return fail_at(ref, at, err, why);
		}
		if (!text[at] || strchr(ends, text[at]))
			break;
		separator = at;
		if (text[at] == '.')
			at++;
		else if (text[at] == '_')
			at += text[at + 1] == '_' ? 2 : 1;
		else
			at += strspn(text + at, "-");
		if (at == separator) {
			if (text[at] >= 'A' && text[at] <= 'Z')
				return fail_at(ref, at, err,
					       "an image's name has small letters only");
			return fail_at(ref, at, err, why);
		}
	}
	*ret_end = at;
	return 0;
}

static int check_port(const struct reference *ref, size_t at, struct oci_error *err)
{
	const char *text = ref->word->text;
	size_t begin = at;

	while (is_digit(text[at]))
		at++;
	if (at == begin || at - begin > 5 || text[at] != '/')
		return fail_at(ref, at, err, "expected a port of up to five digits and '/'");
	return 0;
}

static int check_tag(const struct reference *ref, size_t at, size_t *ret_end, struct oci_error *err)
{
	const char *text = ref->word->text;
	size_t begin = at;

	while (isalnum((unsigned char)text[at]) || text[at] == '_' ||
	       (at > begin && (text[at] == '.' || text[at] == '-')))
		at++;
	if (at == begin || (text[at] && text[at] != '@'))
		return fail_at(
			ref, at, err,
			"a tag has letters, digits and '_', behind the first one also '.' and '-'");
	if (at - begin > TAG_LENGTH_MAX)
		return cartefile_fail(ref->file, ref->word->letters[begin].place, EINVAL, err,
				      "%s: a tag of %zu bytes, at most %d are possible", ref->what,
				      at - begin, TAG_LENGTH_MAX);
	*ret_end = at;
	return 0;
}

static int check_digest(const struct reference *ref, size_t at, bool possible,
			struct oci_error *err)
{
	const char *text = ref->word->text + at + 1;
	size_t digits;

	if (!possible)
		return cartefile_fail(
			ref->file, ref->word->letters[at].place, EINVAL, err,
			"%s: an image is called by its name and tag here, without a digest",
			ref->what);
	if (strncmp(text, "sha256:", strlen("sha256:")) != 0)
		return cartefile_fail(ref->file, ref->word->letters[at].place, EINVAL, err,
				      "%s: expected '@sha256:' and 64 hexadecimal digits",
				      ref->what);
	text += strlen("sha256:");
	digits = strspn(text, "0123456789abcdef");
	if (digits != 64 || text[digits])
		return cartefile_fail(ref->file, ref->word->letters[at].place, EINVAL, err,
				      "%s: expected 64 small hexadecimal digits behind '@sha256:'",
				      ref->what);
	return 0;
}

/* The domain when there is one, then the parts of the path. */
static int check_path(const struct reference *ref, size_t from, size_t *ret_end,
		      struct oci_error *err)
{
	const char *text = ref->word->text;
	bool has_domain = domain_length(text + from) > 0;
	size_t at = from, length;
	int r;

	if (has_domain) {
		r = check_component(ref, at, ":/", &at, err);
		if (r == 0 && text[at] == ':')
			r = check_port(ref, at + 1, err);
		if (r < 0)
			return r;
		at += strcspn(text + at, "/") + 1;
	}
	for (;;) {
		r = check_component(ref, at, ":/@", &at, err);
		if (r < 0)
			return r;
		if (text[at] != '/')
			break;
		at++;
	}
	length = at - from + (has_domain ? 0 : strlen(LOCAL_DOMAIN));
	if (length > NAME_LENGTH_MAX)
		return cartefile_fail(
			ref->file, ref->word->place, EINVAL, err,
			"%s: an image's name of %zu bytes with its domain, at most %d are possible",
			ref->what, length, NAME_LENGTH_MAX);
	*ret_end = at;
	return 0;
}

int reference_check(const struct cartefile *file, const struct word *word, size_t from,
		    const char *what, bool digest, struct oci_error *err)
{
	const struct reference ref = { file, word, what };
	size_t at = from;
	int r;

	if (strstr(word->text + from, "://"))
		return cartefile_fail(file, word->place, EINVAL, err,
				      "%s: expected an image's name without a transport, such as "
				      "localhost/school/login:1.0",
				      what);
	r = check_path(&ref, from, &at, err);
	if (r == 0 && word->text[at] == ':')
		r = check_tag(&ref, at + 1, &at, err);
	if (r == 0 && word->text[at] == '@')
		r = check_digest(&ref, at, digest, err);
	return r;
}

char *reference_normal(const char *text, struct oci_arena *arena)
{
	size_t domain = domain_length(text);

	return oci_arena_printf(arena, "%s%s%s", domain > 0 ? "" : LOCAL_DOMAIN, text,
				strchr(text + domain, ':') ? "" : ":latest");
}

/* ---- NAME ------------------------------------------------------------------------------------------------------- */

static int add_label(struct parse *parse, const struct instruction *in, size_t at,
		     struct oci_error *err)
{
	struct cartefile *file = parse->file;
	const struct word *word = &in->words[at];
	size_t equals = strcspn(word->text, "=");
	char buf[SHOWN_SIZE];
	struct oci_pair pair;

	if (word_is_plain(word, 0, '#') || !word->text[equals])
		return word_is_plain(word, 0, '#')
			       ? fail_too_many(file, word, "NAME", err)
			       : cartefile_fail(file, word->place, EINVAL, err,
						"NAME: '%s': expected a label, key=value",
						shown(buf, word->text));
	if (equals == 0)
		return cartefile_fail(file, word->place, EINVAL, err,
				      "NAME: '%s': the key before '=' is missing",
				      shown(buf, word->text));
	pair.key = oci_arena_strndup(parse->arena, word->text, equals);
	pair.value = oci_arena_strdup(parse->arena, word->text + equals + 1);
	if (!pair.key || !pair.value)
		return err_nomem(err);
	for (size_t i = 0; i < file->labels_len; i++)
		if (strcmp(file->labels[i].key, pair.key) == 0)
			return cartefile_fail(
				file, word->place, EINVAL, err,
				"NAME: the label '%s' is there already, with the value '%s'",
				pair.key, shown(buf, file->labels[i].value));
	if (file->labels_len == LABELS_MAX)
		return cartefile_fail(file, word->place, EINVAL, err, "NAME: more than %d labels",
				      LABELS_MAX);
	file->labels[file->labels_len++] = pair;
	return 0;
}

int parse_name(struct parse *parse, const struct instruction *in, struct oci_error *err)
{
	struct cartefile *file = parse->file;
	int r;

	if (in->len < 2)
		return cartefile_fail(
			file, in->end, EINVAL, err,
			"NAME: expected the image's name, such as localhost/school/login:1.0");
	file->name_place = in->words[1].place;
	r = reference_check(file, &in->words[1], 0, "NAME", false, err);
	if (r < 0)
		return r;
	file->image_name = reference_normal(in->words[1].text, parse->arena);
	file->labels = oci_arena_array(parse->arena, in->len, sizeof(*file->labels));
	if (!file->image_name || !file->labels)
		return err_nomem(err);
	for (size_t i = 2; r == 0 && i < in->len; i++)
		r = add_label(parse, in, i, err);
	return r;
}
