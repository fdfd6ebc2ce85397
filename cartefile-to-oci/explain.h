/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain.h - the explanation of an image: each file, why it is there, its size, its layer; what was left out, and why.
 *
 * A JSON document beside the image in the store, described in cartefile-to-oci(1). The same tree gives the same bytes.
 */
#ifndef CARTEFILE_EXPLAIN_H
#define CARTEFILE_EXPLAIN_H

#include <ocispec-lite/runtime.h>

#include "cartefile-to-oci/digest.h"
#include "cartefile-to-oci/slim.h"

/**
 * struct explain_image - what the tree does not know of its image.
 * @layer_words: by node->layer: "directories", "files", "executable"; nodes in_base are in "base"
 */
struct explain_image {
	const char *name; /* or NULL */
	struct digest manifest;
	enum slim_level level;
	const char *const *layer_words;
	size_t layer_words_len;
	const struct slim_report *report;
};

/** explain_write - the document, indented. @ret_text: malloc'ed. */
int explain_write(const struct tree *tree, const struct explain_image *image, char **ret_text,
		  size_t *ret_length, struct oci_error *err);

/** explain_save - put a document to STORE/explain/HEX.json. explain_load - read it again: -ENOENT with words. */
int explain_save(const char *store, const struct digest *manifest, const char *text, size_t length,
		 struct oci_error *err);
int explain_load(const char *store, const struct digest *manifest, struct oci_arena *arena,
		 char **ret_text, size_t *ret_length, struct oci_error *err);

/** explain_level_word - "none", "prune", "elf", "trace". */
const char *explain_level_word(enum slim_level level);

/* ---- the document ---- */

struct explain_file {
	char *path;
	char *type;          /* "file", "folder", "link", "fifo", "device" */
	struct oci_u64 size; /* of a file */
	char *target;        /* of a link */
	char *layer;
	char *why;
	char *because; /* path of what asked for it */
};

struct explain_left_out {
	char *path;
	struct oci_u64 size;
	char *why;
};

struct explain_total {
	struct oci_u64 files, bytes;
};

struct explain {
	struct oci_u32 version; /* 1 */
	char *name, *manifest, *slim;
	struct explain_total *kept, *left_out_total;
	char **suggestions;
	size_t suggestions_len;
	struct explain_file *files; /* sorted as they are in the image */
	size_t files_len;
	struct explain_left_out *left_out;
	size_t left_out_len;
};

/** explain_parse - @name: what messages call it. */
int explain_parse(const char *name, const char *text, size_t length, struct oci_arena *arena,
		  struct explain **ret, struct oci_error *err);

#endif
