/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_diff.c - `diff`: which files and which members of the documents make two images differ.
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <yajl/yajl_gen.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "cartefile-to-oci/cmds.h"
#include "cartefile-to-oci/diff.h"
#include "cartefile-to-oci/store.h"

struct diff_args {
	const char *format, *platform, *store;
};

static const struct opt diff_opts[] = {
	{ "format", 0, OPT_STRING, offsetof(struct diff_args, format), "FORMAT",
	  "text (default) or json" },
	{ "platform", 0, OPT_STRING, offsetof(struct diff_args, platform), "OS/ARCH",
	  "of images for several; default: this machine's" },
	CMD_STORE_OPTION(diff_args),
	{ .name = NULL },
};

static const char *const wheres[] = { "manifest", "config", "file" };

/* A name with a newline in it is one line all the same. */
static void print_line_part(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			printf("\\%03o", (unsigned char)*text);
		else
			(void)putchar(*text);
}

static void print_text(const struct diff_list *list)
{
	for (size_t i = 0; i < list->len; i++) {
		const struct difference *d = &list->items[i];
		bool whole = !d->what && (!d->a || !d->b);

		printf("%s%s%s",
		       !whole ? "! "
		       : d->a ? "- "
			      : "+ ",
		       d->where == DIFF_FILE ? "" : wheres[d->where],
		       d->where == DIFF_FILE ? "" : " ");
		print_line_part(d->name);
		printf("%s%s: ", d->what ? ": " : "", d->what ? d->what : "");
		print_line_part(d->a ? d->a : whole ? d->b : "none");
		if (!whole) {
			printf(" -> ");
			print_line_part(d->b ? d->b : "none");
		}
		(void)putchar('\n');
	}
}

/* JSON is UTF-8 (RFC 8259); a name need not be: what is none becomes U+FFFD. */
static void put_string(yajl_gen gen, const char *text, struct oci_arena *arena)
{
	size_t left = strlen(text), used = 0;
	char *out = oci_arena_array(arena, left + 1, 3);

	while (out && left > 0) {
		size_t n = utf8_length(text, left);

		memcpy(out + used, n > 0 ? text : "\xef\xbf\xbd", n > 0 ? n : 3);
		used += n > 0 ? n : 3;
		text += n > 0 ? n : 1;
		left -= n > 0 ? n : 1;
	}
	(void)yajl_gen_string(gen, (const unsigned char *)(out ? out : ""), out ? used : 0);
}

static void put_pair(yajl_gen gen, const char *key, const char *value, struct oci_arena *arena)
{
	if (!value)
		return;
	put_string(gen, key, arena);
	put_string(gen, value, arena);
}

static void put_list(yajl_gen gen, const struct diff_list *list)
{
	put_string(gen, "differences", list->arena);
	(void)yajl_gen_array_open(gen);
	for (size_t i = 0; i < list->len; i++) {
		const struct difference *d = &list->items[i];

		(void)yajl_gen_map_open(gen);
		put_pair(gen, "where", wheres[d->where], list->arena);
		put_pair(gen, d->where == DIFF_FILE ? "path" : "member", d->name, list->arena);
		put_pair(gen, "what", d->what, list->arena);
		put_pair(gen, "a", d->a, list->arena);
		put_pair(gen, "b", d->b, list->arena);
		(void)yajl_gen_map_close(gen);
	}
	(void)yajl_gen_array_close(gen);
}

static int print_json(const struct image_source *a, const struct image_source *b,
		      const struct diff_list *list, struct oci_error *err)
{
	char digest[DIGEST_TEXT_SIZE];
	const unsigned char *text;
	yajl_gen gen = yajl_gen_alloc(NULL);
	size_t length;

	if (!gen)
		return err_nomem(err);
	(void)yajl_gen_map_open(gen);
	put_string(gen, "equal", list->arena);
	(void)yajl_gen_bool(gen, list->len == 0);
	put_pair(gen, "a", digest_format(&a->docs.manifest_digest, digest), list->arena);
	put_pair(gen, "b", digest_format(&b->docs.manifest_digest, digest), list->arena);
	put_list(gen, list);
	(void)yajl_gen_map_close(gen);
	if (yajl_gen_get_buf(gen, &text, &length) != yajl_gen_status_ok) {
		yajl_gen_free(gen);
		return err_nomem(err);
	}
	printf("%.*s\n", (int)length, (const char *)text);
	yajl_gen_free(gen);
	return 0;
}

static int compare(const struct diff_args *args, char **names, bool json, const struct store *store,
		   struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct image_source a = IMAGE_SOURCE_INIT, b = IMAGE_SOURCE_INIT;
	struct diff_list list = { .arena = &arena };
	int r = image_open(names[0], store, args->platform, &arena, &a, err);

	if (r == 0)
		r = image_open(names[1], store, args->platform, &arena, &b, err);
	if (r == 0)
		r = diff_images(&a, &b, &list, err);
	if (r == 0 && json)
		r = print_json(&a, &b, &list, err);
	else if (r == 0)
		print_text(&list);
	image_close(&a);
	image_close(&b);
	return r < 0 ? r : list.len > 0;
}

/* The status is diff(1)'s: 0 the same, 1 different, over 1 trouble. */
static int diff_run(void *arguments, char **operands, int count, struct oci_error *err)
{
	const struct diff_args *args = arguments;
	bool json = args->format && strcmp(args->format, "json") == 0;
	struct store store = STORE_INIT;
	int r;

	(void)count;
	if (args->format && !json && strcmp(args->format, "text") != 0)
		return err_set_as(err, ERR_USAGE, EINVAL, "--format %s: expected text or json",
				  args->format);
	r = store_open(args->store, &store, err);
	if (r == 0)
		r = compare(args, operands, json, &store, err);
	store_close(&store);
	if (r < 0)
		err_prefix(err, "diff: ");
	if (r < 0 && err && err->kind == 0 && err_kind(err) == ERR_FAILED)
		err->kind = ERR_DOCUMENT; /* 1 would say that they differ */
	return r;
}

const struct cmd cmd_diff = {
	.command = {
		.name = "diff",
		.usage = "[OPTIONS] IMAGE IMAGE",
		.summary = "say what makes two images differ",
		.opts = diff_opts,
		.positional_after = -1,
		.min_operands = 2,
		.max_operands = 2,
	},
	.options_size = sizeof(struct diff_args),
	.run = diff_run,
};
