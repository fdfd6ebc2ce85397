/* SPDX-License-Identifier: Apache-2.0 */
/* doc.c - see doc.h. The text is parsed as it arrives, so that a body is never held beside its tiles. */
#include "map/doc.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

#define TILES_MAX ((size_t)DOC_SIZE_MAX * DOC_SIZE_MAX)

enum key { KEY_OTHER, KEY_NAME, KEY_AUTHOR, KEY_VERSION, KEY_EDITS, KEY_SIZE, KEY_TILES };

static const char *const keys[] = {
	[KEY_NAME] = "name",   [KEY_AUTHOR] = "author", [KEY_VERSION] = "version",
	[KEY_EDITS] = "edits", [KEY_SIZE] = "size",     [KEY_TILES] = "tiles",
};

struct doc_parser {
	yajl_handle yajl;
	struct doc doc;
	enum key key;
	size_t depth;
	size_t count; /* of tiles */
	bool is_map, has_tiles, in_tiles;
	char error[160];
};

static int wrong(struct doc_parser *p, const char *words)
{
	if (p->error[0] == '\0')
		(void)snprintf(p->error, sizeof(p->error), "%s", words);
	return 0;
}

static int tile_add(struct doc_parser *p, long long n)
{
	if (n < 0 || n > 255) {
		if (p->error[0] == '\0')
			(void)snprintf(p->error, sizeof(p->error),
				       "tiles[%zu]: %lld is not in 0..255", p->count, n);
		return 0;
	}
	if (p->count == TILES_MAX)
		return wrong(p, "tiles: more than 65536");
	p->doc.tiles[p->count++] = (uint8_t)n;
	return 1;
}

static int on_integer(void *ctx, long long n)
{
	struct doc_parser *p = ctx;

	if (p->in_tiles)
		return p->depth == 2 ? tile_add(p, n)
				     : wrong(p, "tiles: must be one flat list of numbers");
	if (p->depth != 1)
		return 1;
	if (p->key == KEY_SIZE) {
		if (n < DOC_SIZE_MIN || n > DOC_SIZE_MAX)
			return wrong(p, "size: must be in 8..256");
		p->doc.size = (uint32_t)n;
	} else if (p->key == KEY_VERSION || p->key == KEY_EDITS) {
		if (n < 0)
			return wrong(p, p->key == KEY_EDITS ? "edits: must not be negative"
							    : "version: must not be negative");
		*(p->key == KEY_EDITS ? &p->doc.edits : &p->doc.version) = (uint64_t)n;
	} else if (p->key == KEY_TILES) {
		return wrong(p, "tiles: must be a list of numbers");
	}
	return 1;
}

/* a value that is no integer: fits only where it is passed over */
static int other(struct doc_parser *p)
{
	if (p->in_tiles || (p->depth == 1 && p->key == KEY_TILES))
		return wrong(p, "tiles: must be one flat list of whole numbers");
	if (p->depth == 1 && p->key == KEY_SIZE)
		return wrong(p, "size: must be a whole number in 8..256");
	if (p->depth == 1 && p->key == KEY_EDITS)
		return wrong(p, "edits: must be a whole number");
	return 1;
}

static int on_null(void *ctx)
{
	return other(ctx);
}

static int on_boolean(void *ctx, int value)
{
	(void)value;
	return other(ctx);
}

static int on_double(void *ctx, double value)
{
	(void)value;
	return other(ctx);
}

static int on_string(void *ctx, const unsigned char *text, size_t count)
{
	struct doc_parser *p = ctx;
	char *to = p->key == KEY_NAME ? p->doc.name : p->doc.author;

	if (p->depth == 1 && !p->in_tiles && (p->key == KEY_NAME || p->key == KEY_AUTHOR) &&
	    count <= TOKEN_NAME_MAX) {
		memcpy(to, text, count);
		to[count] = '\0';
	}
	return other(p);
}

static int on_key(void *ctx, const unsigned char *text, size_t count)
{
	struct doc_parser *p = ctx;

	if (p->depth != 1)
		return 1;
	p->key = KEY_OTHER;
	for (size_t i = KEY_NAME; i <= KEY_TILES; i++)
		if (strlen(keys[i]) == count && memcmp(keys[i], text, count) == 0)
			p->key = (enum key)i;
	return 1;
}

static int on_open_map(void *ctx)
{
	struct doc_parser *p = ctx;

	if (p->depth == 0)
		p->is_map = true;
	else if (!other(p))
		return 0;
	p->depth++;
	return 1;
}

static int on_open_list(void *ctx)
{
	struct doc_parser *p = ctx;

	if (p->depth == 1 && p->key == KEY_TILES && !p->has_tiles) {
		p->doc.tiles = p->doc.tiles ? p->doc.tiles : calloc(TILES_MAX, 1);
		if (!p->doc.tiles)
			return wrong(p, "memory is short");
		p->in_tiles = true;
		p->has_tiles = true;
	} else if (p->depth == 0 || !other(p)) {
		return wrong(p, "the document must be an object");
	}
	p->depth++;
	return 1;
}

static int on_close(void *ctx)
{
	struct doc_parser *p = ctx;

	p->depth--;
	if (p->depth == 1)
		p->in_tiles = false;
	return 1;
}

static const yajl_callbacks callbacks = {
	.yajl_null = on_null,
	.yajl_boolean = on_boolean,
	.yajl_integer = on_integer,
	.yajl_double = on_double,
	.yajl_string = on_string,
	.yajl_start_map = on_open_map,
	.yajl_map_key = on_key,
	.yajl_end_map = on_close,
	.yajl_start_array = on_open_list,
	.yajl_end_array = on_close,
};

struct doc_parser *doc_parser_new(void)
{
	struct doc_parser *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->doc.edits = UINT64_MAX;
	p->yajl = yajl_alloc(&callbacks, NULL, p);
	if (!p->yajl) {
		free(p);
		return NULL;
	}
	return p;
}

void doc_parser_free(struct doc_parser *p)
{
	if (!p)
		return;
	yajl_free(p->yajl);
	doc_clear(&p->doc);
	free(p);
}

const char *doc_parser_error(const struct doc_parser *p)
{
	return p->error;
}

int doc_parser_feed(struct doc_parser *p, const void *bytes, size_t count)
{
	if (p->error[0] != '\0')
		return -EBADMSG;
	if (yajl_parse(p->yajl, bytes, count) == yajl_status_ok)
		return 0;
	(void)wrong(p, "the document is not JSON");
	return -EBADMSG;
}

/* The size that the tiles have by their number, when none is said */
static uint32_t size_of(size_t count)
{
	for (uint32_t side = DOC_SIZE_MIN; side <= DOC_SIZE_MAX; side++)
		if ((size_t)side * side == count)
			return side;
	return 0;
}

int doc_parser_end(struct doc_parser *p, struct doc *ret_doc)
{
	if (p->error[0] == '\0' && (yajl_complete_parse(p->yajl) != yajl_status_ok || !p->is_map))
		(void)wrong(p, "the document is not a whole JSON object");
	if (p->error[0] == '\0' && p->doc.size == 0)
		p->doc.size = p->has_tiles ? size_of(p->count) : DOC_SIZE_DEFAULT;
	if (p->error[0] == '\0' && p->has_tiles && (size_t)p->doc.size * p->doc.size != p->count)
		(void)wrong(p, "tiles: must be size times size numbers");
	if (p->error[0] != '\0')
		return -EBADMSG;
	if (!p->doc.tiles)
		p->doc.tiles = calloc((size_t)p->doc.size * p->doc.size, 1);
	if (!p->doc.tiles)
		return -ENOMEM;
	*ret_doc = p->doc;
	p->doc.tiles = NULL;
	return 0;
}

int doc_head(const char *text, size_t count, struct doc *ret_doc)
{
	struct doc_parser *p = doc_parser_new();
	int err = -EBADMSG;

	if (!p)
		return -ENOMEM;
	if (doc_parser_feed(p, text, count < DOC_HEAD ? count : DOC_HEAD) == 0 &&
	    p->doc.version > 0 && p->doc.size > 0) {
		*ret_doc = p->doc;
		ret_doc->tiles = NULL;
		err = 0;
	}
	doc_parser_free(p);
	return err;
}

int doc_text(const struct doc *doc, char **ret_text, size_t *ret_length)
{
	size_t cells = (size_t)doc->size * doc->size;
	char *text = NULL;
	FILE *out = open_memstream(&text, ret_length);
	bool good;

	if (!out)
		return -ENOMEM;
	(void)fprintf(out,
		      "{\"version\":%" PRIu64
		      ",\"name\":\"%s\",\"author\":\"%s\",\"size\":%u,\"tiles\":[",
		      doc->version, doc->name, doc->author, doc->size);
	for (size_t i = 0; i < cells; i++)
		(void)fprintf(out, "%s%u", i > 0 ? "," : "", doc->tiles[i]);
	(void)fputs("]}\n", out);
	good = !ferror(out);
	if (fclose(out) != 0 || !good) {
		free(text);
		return -ENOMEM;
	}
	*ret_text = text;
	return 0;
}

void doc_clear(struct doc *doc)
{
	free(doc->tiles);
	doc->tiles = NULL;
}
