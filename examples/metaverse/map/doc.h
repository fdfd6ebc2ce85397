/* SPDX-License-Identifier: Apache-2.0 */
/*
 * doc.h - a map as a document: side x side tiles, who made it and which version it is.
 *
 *   {"version":3,"name":"school","author":"anna","size":64,"tiles":[0,0,7,...]}
 *
 * `version` comes first in what this server writes, at a place that doc_head can read without the rest. Of what a client
 * sends only size, tiles and edits count; the other keys are the server's own and are passed over. A map is named as people
 * are (token_is_name).
 */
#ifndef METAVERSE_MAP_DOC_H
#define METAVERSE_MAP_DOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/token.h"

#define DOC_SIZE_MIN 8
#define DOC_SIZE_MAX 256
#define DOC_SIZE_DEFAULT 64
#define DOC_HEAD 192 /* bytes that hold all but the tiles */

struct doc {
	char name[TOKEN_NAME_MAX + 1];
	char author[TOKEN_NAME_MAX + 1];
	uint64_t version; /* 1.. */
	uint64_t
		edits; /* so many edits of the version before are in the tiles: all, unless a client says less */
	uint32_t size;  /* cells of one side */
	uint8_t *tiles; /* size * size */
};

struct doc_parser;

/** doc_parser_new - NULL when memory is short; to be freed by doc_parser_free */
struct doc_parser *doc_parser_new(void);
void doc_parser_free(struct doc_parser *parser);

/** doc_parser_feed - the next bytes of a text; -EBADMSG once something is wrong, and the words are in doc_parser_error */
int doc_parser_feed(struct doc_parser *parser, const void *bytes, size_t count);

/**
 * doc_parser_end - the text is complete: the document, whose tiles are the caller's to free; without tiles they are all 0.
 * Returns 0, -EBADMSG (doc_parser_error has the words) or -ENOMEM.
 */
int doc_parser_end(struct doc_parser *parser, struct doc *ret_doc);

/** doc_parser_error - one line that says what is wrong with the text, "" when nothing is; lives as long as the parser */
const char *doc_parser_error(const struct doc_parser *parser);

/** doc_head - all but the tiles from the first DOC_HEAD bytes of a text; 0 or -EBADMSG */
int doc_head(const char *text, size_t count, struct doc *ret_doc);

/** doc_text - the document as text, which is the caller's to free; 0 or -ENOMEM */
int doc_text(const struct doc *doc, char **ret_text, size_t *ret_length);

/** doc_clear - free the tiles */
void doc_clear(struct doc *doc);

#endif
