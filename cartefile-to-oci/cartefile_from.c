/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cartefile_from.c - FROM: what an image begins with. Nothing is opened here.
 */
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/mem.h"
#include "cartefile-to-oci/cartefile-private.h"

#define FORMS                                                                              \
	"scratch, dir:PATH, tar:FILE, oci:LAYOUT[:REF], oci-archive:FILE, docker-archive:" \
	"FILE, docker://IMAGE or store:NAME"

static const struct scheme {
	const char *prefix;
	enum cartefile_from from;
	const char *rest; /* what follows, for messages */
} schemes[] = {
	{ "dir:", FROM_DIR, "the path of a folder" },
	{ "docker-archive:", FROM_DOCKER_ARCHIVE, "the path of a file that 'docker save' made" },
	{ "docker://", FROM_DOCKER, "an image of a registry, such as docker://debian:12" },
	{ "oci-archive:", FROM_OCI_ARCHIVE, "the path of a tar of an OCI image layout" },
	{ "oci:", FROM_OCI, "the path of an OCI image layout" },
	{ "store:", FROM_STORE, "the name of an image of the store" },
	{ "tar:", FROM_TAR, "the path of a tar of a root file system" },
};

static const struct scheme *find_scheme(const char *text)
{
	for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
		if (strncmp(text, schemes[i].prefix, strlen(schemes[i].prefix)) == 0)
			return &schemes[i];
	return NULL;
}

static bool ends_in(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && strcasecmp(text + n - m, end) == 0;
}

static bool is_tar(const char *text)
{
	static const char *const ends[] = { ".tar",     ".tar.gz", ".tgz",
					    ".tar.bz2", ".tar.xz", ".tar.zst" };

	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		if (ends_in(text, ends[i]))
			return true;
	return false;
}

/* "dri:rootfs" is more likely a slip of the fingers than an image, but may be one. */
static const struct scheme *misspelt(const char *text)
{
	size_t n = strcspn(text, ":");
	char word[16];

	if (!text[n] || n >= sizeof(word))
		return NULL;
	memcpy(word, text, n);
	word[n] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
		char known[16] = "";

		strncat(known, schemes[i].prefix, strcspn(schemes[i].prefix, ":"));
		if (word_distance(word, known) <= 1)
			return &schemes[i];
	}
	return NULL;
}

/* Transports that others know. */
static int fail_foreign(const struct cartefile *file, const struct word *word,
			struct oci_error *err)
{
	static const struct {
		const char *prefix, *way;
	} foreign[] = {
		{ "http://", "nothing is downloaded: fetch it before, and write tar:FILE" },
		{ "https://", "nothing is downloaded: fetch it before, and write tar:FILE" },
		{ "docker-daemon:", "save it by 'docker save', and write docker-archive:FILE" },
		{ "containers-storage:",
		  "save it by 'podman save --format oci-archive', and write oci-archive:FILE" },
		{ "ghcr.io/", "an image of a registry begins with docker://" },
	};

	for (size_t i = 0; i < ARRAY_LEN(foreign); i++)
		if (strncmp(word->text, foreign[i].prefix, strlen(foreign[i].prefix)) == 0)
			return cartefile_fail(file, word->place, EINVAL, err, "FROM: %s",
					      foreign[i].way);
	return 0;
}

static int fail_scheme(const struct cartefile *file, const struct word *word, struct oci_error *err)
{
	const struct scheme *scheme = misspelt(word->text);
	struct oci_error unused = OCI_ERROR_INIT;
	char buf[SHOWN_SIZE];
	int r = fail_foreign(file, word, err);

	if (r < 0)
		return r;
	shown(buf, word->text);
	if (strcasecmp(word->text, "scratch") == 0)
		return cartefile_fail(file, word->place, EINVAL, err,
				      "FROM: '%s': write it in small letters, scratch", buf);
	if (scheme)
		return cartefile_fail(
			file, word->place, EINVAL, err,
			"FROM: '%s': did you mean %s%s? An image of a registry is docker://%s", buf,
			scheme->prefix, word->text + strcspn(word->text, ":") + 1, buf);
	if (is_tar(word->text))
		return cartefile_fail(file, word->place, EINVAL, err,
				      "FROM: '%s': the files in a tar are tar:%s", buf, buf);
	if (word->length > 0 && strchr("./~", word->text[0]))
		return cartefile_fail(file, word->place, EINVAL, err,
				      "FROM: '%s': the files in a folder are dir:%s", buf, buf);
	if (reference_check(file, word, 0, "FROM", true, &unused) == 0)
		return cartefile_fail(file, word->place, EINVAL, err,
				      "FROM: '%s': an image of a registry is docker://%s, one of "
				      "the store is store:%s",
				      buf, buf, buf);
	return cartefile_fail(file, word->place, EINVAL, err, "FROM: '%s': expected " FORMS, buf);
}

static int check_count(const struct cartefile *file, const struct instruction *in,
		       struct oci_error *err)
{
	if (in->len < 2)
		return cartefile_fail(file, in->end, EINVAL, err, "FROM: expected " FORMS);
	if (word_is_plain(&in->words[1], 0, '-'))
		return cartefile_fail(file, in->words[1].place, EINVAL, err,
				      "FROM takes no options: --platform belongs to the command");
	if (in->len > 2 && strcasecmp(in->words[2].text, "AS") == 0)
		return cartefile_fail(file, in->words[2].place, EINVAL, err,
				      "FROM: there are no build stages: one Cartefile makes one "
				      "image, which another names by FROM store:NAME");
	if (in->len > 2)
		return fail_too_many(file, &in->words[2], "FROM takes one word", err);
	return 0;
}

/* LAYOUT[:REF]: a REF may have colons of its own, a LAYOUT only quoted ones. */
static int split_layout(struct parse *parse, const struct word *word, size_t from,
			struct oci_error *err)
{
	struct cartefile *file = parse->file;
	size_t colon = word_find(word, ':', from);

	if (colon == from)
		return cartefile_fail(file, word->letters[from].place, EINVAL, err,
				      "FROM oci: expected the path of an OCI image layout");
	file->from_text = oci_arena_strndup(parse->arena, word->text + from, colon - from);
	if (!file->from_text)
		return err_nomem(err);
	if (colon == word->length)
		return 0;
	if (colon + 1 == word->length)
		return cartefile_fail(file, word->letters[colon + 1].place, EINVAL, err,
				      "FROM oci: expected the name of an image behind ':'");
	file->from_ref = oci_arena_strdup(parse->arena, word->text + colon + 1);
	return file->from_ref ? 0 : err_nomem(err);
}

static int parse_rest(struct parse *parse, const struct scheme *scheme, const struct word *word,
		      struct oci_error *err)
{
	struct cartefile *file = parse->file;
	size_t from = strlen(scheme->prefix);
	const char *rest = word->text + from;
	int r = 0;

	if (!*rest)
		return cartefile_fail(file, word->letters[from].place, EINVAL, err,
				      "FROM %s expected %s", scheme->prefix, scheme->rest);
	if (scheme->from == FROM_OCI)
		return split_layout(parse, word, from, err);
	if (scheme->from == FROM_DOCKER || scheme->from == FROM_STORE)
		r = reference_check(file, word, from,
				    scheme->from == FROM_DOCKER ? "FROM docker://" : "FROM store",
				    scheme->from == FROM_DOCKER, err);
	if (r < 0)
		return r;
	file->from_text = scheme->from == FROM_STORE ? reference_normal(rest, parse->arena)
						     : oci_arena_strdup(parse->arena, rest);
	return file->from_text ? 0 : err_nomem(err);
}

int parse_from(struct parse *parse, const struct instruction *in, struct oci_error *err)
{
	struct cartefile *file = parse->file;
	const struct scheme *scheme;
	const struct word *word;
	int r = check_count(file, in, err);

	if (r < 0)
		return r;
	word = &in->words[1];
	file->from_place = word->place;
	if (strcmp(word->text, "scratch") == 0) {
		file->from = FROM_SCRATCH;
		return 0;
	}
	scheme = find_scheme(word->text);
	if (!scheme && strncmp(word->text, "docker:", strlen("docker:")) == 0)
		return cartefile_fail(file, word->place, EINVAL, err,
				      "FROM: expected docker:// and the image's name");
	if (!scheme)
		return fail_scheme(file, word, err);
	file->from = scheme->from;
	return parse_rest(parse, scheme, word, err);
}
