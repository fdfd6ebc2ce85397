/* SPDX-License-Identifier: Apache-2.0 */
/*
 * diff.h - what makes two images differ.
 */
#ifndef CARTEFILE_DIFF_H
#define CARTEFILE_DIFF_H

#include "cartefile-to-oci/image_source.h"

enum diff_where { DIFF_MANIFEST = 0, DIFF_CONFIG, DIFF_FILE };

/**
 * struct difference
 * @name: a member of the document, or the file's path
 * @what: of a file: "mode", "owner", "content" ...; NULL: the whole
 * @a, @b: in words; NULL: not there
 */
struct difference {
	enum diff_where where;
	const char *name, *what, *a, *b;
};

/** struct diff_list - begin with {0}; strings and items are the arena's. */
struct diff_list {
	struct oci_arena *arena;
	struct difference *items;
	size_t len, room;
};

/** diff_images - all differences, manifest first, then config, then files by path. */
int diff_images(const struct image_source *a, const struct image_source *b, struct diff_list *list,
		struct oci_error *err);

/** diff_add - for the parts of it; both NULL or equal: nothing is added. */
int diff_add(struct diff_list *list, enum diff_where where, const char *name, const char *what,
	     const char *a, const char *b, struct oci_error *err);

/** diff_documents, diff_files - the parts. */
int diff_documents(const struct image_docs *a, const struct image_docs *b, struct diff_list *list,
		   struct oci_error *err);
int diff_files(const struct image_source *a, const struct image_source *b, struct diff_list *list,
	       struct oci_error *err);

#endif
