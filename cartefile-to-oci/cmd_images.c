/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_images.c - what the store has, a line for each name and platform.
 */
#include <stdio.h>
#include <string.h>

#include <ocispec-lite/table.h>

#include "base/mem.h"
#include "cartefile-to-oci/cmds.h"
#include "cartefile-to-oci/layout-private.h"
#include "cartefile-to-oci/size.h"
#include "cartefile-to-oci/store.h"

#define DEPTH_MAX 8
#define SHORT_DIGITS 12

struct images_args {
	const char *store;
	const char *format;
	bool quiet;
};

static const struct opt images_opts[] = {
	CMD_STORE_OPTION(images_args),
	{ "format", 0, OPT_STRING, offsetof(struct images_args, format), "FORMAT",
	  "table (default) or json" },
	{ "quiet", 'q', OPT_FLAG, offsetof(struct images_args, quiet), NULL,
	  "print only the names, of those without one the digest" },
	{ .name = NULL },
};

/* A line; what a damaged image does not tell is absent. */
struct image_line {
	char *name, *digest, *created, *platform;
	struct oci_u64 layers, size;
};

static const struct oci_row line_rows[] = {
	OCI_ROW_STRING(struct image_line, name, "name"),
	OCI_ROW_STRING(struct image_line, digest, "digest"),
	OCI_ROW_STRING(struct image_line, created, "created"),
	OCI_ROW_STRING(struct image_line, platform, "platform"),
	OCI_ROW_U64(struct image_line, layers, "layers"),
	OCI_ROW_U64(struct image_line, size, "size"),
};
static const OCI_TABLE(line_table, struct image_line, line_rows);

struct lines {
	const struct layout *layout;
	struct oci_arena arena;
	struct image_line *items;
	size_t count, room;
};

static void describe(struct lines *lines, const struct oci_descriptor *descriptor,
		     struct image_line *line)
{
	struct image_docs image;
	uint64_t size;

	if (layout_read_image(lines->layout, descriptor, &lines->arena, &image, NULL) < 0)
		return;
	size = (uint64_t)descriptor->size.value + (uint64_t)image.manifest->config->size.value;
	for (size_t i = 0; i < image.manifest->layers_len; i++)
		size += (uint64_t)image.manifest->layers[i].size.value;
	line->size = (struct oci_u64){ true, size };
	line->layers = (struct oci_u64){ true, image.manifest->layers_len };
	line->created = image.config->created;
	line->platform =
		oci_arena_printf(&lines->arena, "%s/%s%s%s", image.config->os,
				 image.config->architecture, image.config->variant ? "/" : "",
				 image.config->variant ? image.config->variant : "");
}

static int add_line(struct lines *lines, const struct oci_descriptor *descriptor, const char *name,
		    struct oci_error *err)
{
	struct image_line *line;

	if (lines->count == lines->room) {
		size_t room = lines->room ? lines->room * 2 : 32;
		struct image_line *larger = oci_arena_array(&lines->arena, room, sizeof(*larger));

		if (!larger)
			return err_nomem(err);
		if (lines->count > 0)
			memcpy(larger, lines->items, lines->count * sizeof(*larger));
		lines->items = larger;
		lines->room = room;
	}
	line = &lines->items[lines->count++];
	line->name = name ? oci_arena_strdup(&lines->arena, name) : NULL;
	line->digest = oci_arena_strdup(&lines->arena, descriptor->digest);
	if (!line->digest || (name && !line->name))
		return err_nomem(err);
	describe(lines, descriptor, line);
	return 0;
}

static int add_all(struct lines *lines, const struct oci_descriptor *descriptor, const char *name,
		   unsigned depth, struct oci_error *err)
{
	struct oci_index *index;
	int r = 0;

	if (!is_index_type(descriptor->media_type) || depth == DEPTH_MAX ||
	    layout_read_index(lines->layout, descriptor, &lines->arena, &index, NULL) < 0)
		return add_line(lines, descriptor, name, err);
	for (size_t i = 0; i < index->manifests_len && r == 0; i++)
		r = add_all(lines, &index->manifests[i], name, depth + 1, err);
	return r;
}

static int compare_lines(const void *a, const void *b)
{
	const struct image_line *x = a, *y = b;
	int order = strcmp(x->name ? x->name : "~", y->name ? y->name : "~");

	return order ? order : strcmp(x->digest, y->digest);
}

static int collect(struct lines *lines, struct oci_error *err)
{
	struct oci_index *index;
	int r = layout_index(lines->layout, &lines->arena, &index, err);

	for (size_t i = 0; r == 0 && i < index->manifests_len; i++)
		r = add_all(lines, &index->manifests[i], descriptor_name(&index->manifests[i]), 0,
			    err);
	if (r == 0 && lines->count > 0)
		qsort(lines->items, lines->count, sizeof(*lines->items), compare_lines);
	return r;
}

/* ---- printing -------------------------------------------------------------------------------------------------------------- */

enum { COLUMNS = 6 };

static void cells_of(const struct image_line *line, char buf[4][24], const char *cells[COLUMNS])
{
	const char *hex = strchr(line->digest, ':');

	snprintf(buf[0], sizeof(buf[0]), "%.*s", SHORT_DIGITS, hex ? hex + 1 : line->digest);
	snprintf(buf[1], sizeof(buf[1]), line->layers.present ? "%llu" : "-",
		 (unsigned long long)line->layers.value);
	cells[0] = line->name ? line->name : "-";
	cells[1] = buf[0];
	/* without the fraction of the second and the zone, which nearly always is Z */
	snprintf(buf[3], sizeof(buf[3]), "%.19s", line->created ? line->created : "-");
	cells[2] = buf[3];
	cells[3] = line->platform ? line->platform : "-";
	cells[4] = buf[1];
	cells[5] = line->size.present ? size_words(line->size.value, buf[2]) : "-";
}

/* Of an index that anybody may have written: control characters become "?". */
static int print_text(const char *text)
{
	int length = 0;

	for (; text[length]; length++) {
		unsigned char c = (unsigned char)text[length];

		(void)putchar(c < 0x20 || c == 0x7f ? '?' : c);
	}
	return length;
}

static void print_table(const struct lines *lines)
{
	static const char *const heads[COLUMNS] = { "NAME",     "DIGEST", "CREATED",
						    "PLATFORM", "LAYERS", "SIZE" };
	int width[COLUMNS];

	for (size_t c = 0; c < COLUMNS; c++)
		width[c] = (int)strlen(heads[c]);
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i <= lines->count; i++) {
			const char *cells[COLUMNS];
			char buf[4][24];

			if (i == 0)
				memcpy(cells, heads, sizeof(cells));
			else
				cells_of(&lines->items[i - 1], buf, cells);
			for (size_t c = 0; c < COLUMNS; c++) {
				int length = (int)strlen(cells[c]);

				if (pass == 0)
					width[c] = length > width[c] ? length : width[c];
				else if (c + 1 < COLUMNS)
					printf("%*s", width[c] + 3 - print_text(cells[c]), "");
				else
					printf("%s\n", cells[c]);
			}
		}
	}
}

static int print_json(const struct lines *lines, struct oci_error *err)
{
	printf("[");
	for (size_t i = 0; i < lines->count; i++) {
		CLEANUP_FREE char *text = NULL;
		int r = oci_table_emit(&line_table, &lines->items[i], 0, &text, NULL, err);

		if (r < 0)
			return r;
		printf("%s%s", i ? "," : "", text);
	}
	printf("]\n");
	return 0;
}

static void print_word(const char *word)
{
	(void)print_text(word);
	(void)putchar('\n');
}

static int print_lines(const struct lines *lines, const struct images_args *args,
		       struct oci_error *err)
{
	if (!args->quiet) {
		if (args->format && strcmp(args->format, "json") == 0)
			return print_json(lines, err);
		print_table(lines);
		return 0;
	}
	for (size_t i = 0; i < lines->count; i++) {
		const struct image_line *line = &lines->items[i];

		/* a name with several platforms is one name */
		if (i == 0 || !line->name || !line[-1].name ||
		    strcmp(line->name, line[-1].name) != 0)
			print_word(line->name ? line->name : line->digest);
	}
	return 0;
}

static int images_run(void *options, char **operands, int count, struct oci_error *err)
{
	struct images_args *args = options;
	struct lines lines = { .arena = OCI_ARENA_INIT };
	struct store store = STORE_INIT;
	int r;

	(void)operands;
	(void)count;
	if (args->format && strcmp(args->format, "json") != 0 && strcmp(args->format, "table") != 0)
		return err_set_as(err, ERR_USAGE, EINVAL,
				  "unknown format '%s': expected table or json", args->format);
	r = store_open(args->store, &store, err);
	if (r < 0)
		return r;
	lines.layout = &store.layout;
	r = collect(&lines, err);
	if (r == 0)
		r = print_lines(&lines, args, err);
	oci_arena_free(&lines.arena);
	store_close(&store);
	return r;
}

const struct cmd cmd_images = {
	.command = {
		.name = "images",
		.usage = "[OPTIONS]",
		.summary = "list the images of the store",
		.opts = images_opts,
		.positional_after = -1,
		.min_operands = 0,
		.max_operands = 0,
	},
	.options_size = sizeof(struct images_args),
	.run = images_run,
};
