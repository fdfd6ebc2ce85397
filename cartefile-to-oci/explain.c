/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain.c - a tree becomes its explanation, see explain.h.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <ocispec-lite/table.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "cartefile-to-oci/explain.h"

#define DOCUMENT_MAX (16u << 20) /* what the parser takes */
#define DOCUMENT_VERSION 1

static const struct oci_row file_rows[] = {
	OCI_ROW_STRING(struct explain_file, path, "path", .flags = OCI_REQUIRED),
	OCI_ROW_STRING(struct explain_file, type, "type", .flags = OCI_REQUIRED),
	OCI_ROW_U64(struct explain_file, size, "size"),
	OCI_ROW_STRING(struct explain_file, target, "target"),
	OCI_ROW_STRING(struct explain_file, layer, "layer"),
	OCI_ROW_STRING(struct explain_file, why, "why", .flags = OCI_REQUIRED),
	OCI_ROW_STRING(struct explain_file, because, "because"),
};
static const OCI_TABLE(file_table, struct explain_file, file_rows);

static const struct oci_row left_out_rows[] = {
	OCI_ROW_STRING(struct explain_left_out, path, "path", .flags = OCI_REQUIRED),
	OCI_ROW_U64(struct explain_left_out, size, "size"),
	OCI_ROW_STRING(struct explain_left_out, why, "why", .flags = OCI_REQUIRED),
};
static const OCI_TABLE(left_out_table, struct explain_left_out, left_out_rows);

static const struct oci_row total_rows[] = {
	OCI_ROW_U64(struct explain_total, files, "files"),
	OCI_ROW_U64(struct explain_total, bytes, "bytes"),
};
static const OCI_TABLE(total_table, struct explain_total, total_rows);

static const struct oci_row explain_rows[] = {
	OCI_ROW_U32(struct explain, version, "version", .flags = OCI_REQUIRED),
	OCI_ROW_STRING(struct explain, name, "name"),
	OCI_ROW_STRING(struct explain, manifest, "manifest"),
	OCI_ROW_STRING(struct explain, slim, "slim"),
	OCI_ROW_OBJECT(struct explain, kept, "kept", total_table),
	OCI_ROW_OBJECT(struct explain, left_out_total, "leftOutTotal", total_table),
	OCI_ROW_STRINGS(struct explain, suggestions, "suggestions"),
	OCI_ROW_OBJECTS(struct explain, files, "files", file_table),
	OCI_ROW_OBJECTS(struct explain, left_out, "leftOut", left_out_table),
};
static const OCI_TABLE(explain_table, struct explain, explain_rows);

const char *explain_level_word(enum slim_level level)
{
	static const char *const words[] = { "none", "prune", "elf", "trace" };

	return (size_t)level < ARRAY_LEN(words) ? words[level] : "none";
}

/* ---- writing ---- */

struct writer {
	const struct explain_image *image;
	struct oci_arena arena;
	struct explain document;
	char path[PATH_MAX];
};

static char *copy_path(struct writer *w, const struct tree_node *node)
{
	return oci_arena_strdup(&w->arena, tree_path(node, w->path, sizeof(w->path)));
}

static const char *type_word(const struct tree_node *node)
{
	switch (node->type) {
	case TREE_DIR:
		return "folder";
	case TREE_FILE:
		return "file";
	case TREE_LINK:
		return "link";
	case TREE_FIFO:
		return "fifo";
	default:
		return "device";
	}
}

static char *why_words(struct writer *w, const struct tree_node *node)
{
	if (node->origin == TREE_PATH)
		return oci_arena_printf(&w->arena, "%s%sPATH, line %u", node->why ? node->why : "",
					node->why ? ", " : "", node->line);
	if (node->why)
		return (char *)node->why;
	switch (node->origin) {
	case TREE_BASE:
		return (char *)"FROM";
	case TREE_HOST:
		return (char *)"from the sysroot";
	case TREE_KEEP:
		return (char *)"--keep";
	default:
		return (char *)"a folder of what is kept";
	}
}

static const char *layer_word(const struct writer *w, const struct tree_node *node)
{
	if (node->in_base)
		return "base";
	if (node->layer < 0 || (size_t)node->layer >= w->image->layer_words_len)
		return NULL;
	return w->image->layer_words[node->layer];
}

static int add_file(struct writer *w, const struct tree_node *node)
{
	struct explain_file *file = &w->document.files[w->document.files_len++];

	file->path = copy_path(w, node);
	file->type = (char *)type_word(node);
	if (node->type == TREE_FILE)
		file->size = (struct oci_u64){ .present = true, .value = node->content->size };
	file->target = (char *)node->target;
	file->layer = (char *)layer_word(w, node);
	file->why = why_words(w, node);
	if (node->because)
		file->because = copy_path(w, node->because);
	return file->path && file->why && (!node->because || file->because) ? 0 : -ENOMEM;
}

static int add_left_out(struct writer *w, const struct tree_node *node)
{
	struct explain_left_out *file = &w->document.left_out[w->document.left_out_len++];

	file->path = copy_path(w, node);
	if (node->type == TREE_FILE)
		file->size = (struct oci_u64){ .present = true, .value = node->content->size };
	file->why = (char *)(node->why ? node->why : "not needed");
	return file->path ? 0 : -ENOMEM;
}

static int add_nodes(struct writer *w, const struct tree *tree)
{
	size_t in = 0, out = 0;
	int e = 0;

	for (const struct tree_node *n = tree_next(tree->root); n; n = tree_next(n))
		*(n->out ? &out : &in) += 1;
	w->document.files = oci_arena_array(&w->arena, in + 1, sizeof(struct explain_file));
	w->document.left_out = oci_arena_array(&w->arena, out + 1, sizeof(struct explain_left_out));
	if (!w->document.files || !w->document.left_out)
		return -ENOMEM;
	for (const struct tree_node *n = tree_next(tree->root); e == 0 && n; n = tree_next(n))
		if (!n->out)
			e = add_file(w, n);
		else if (n->type != TREE_DIR || n->children_len == 0)
			e = add_left_out(w, n); /* a folder is what is in it */
	return e;
}

static int fill(struct writer *w, const struct tree *tree, struct explain_total totals[2])
{
	const struct slim_report *report = w->image->report;
	char digest[DIGEST_TEXT_SIZE];

	w->document.version = (struct oci_u32){ .present = true, .value = DOCUMENT_VERSION };
	w->document.name = (char *)w->image->name;
	w->document.manifest =
		oci_arena_strdup(&w->arena, digest_format(&w->image->manifest, digest));
	w->document.slim = (char *)explain_level_word(w->image->level);
	if (!w->document.manifest)
		return -ENOMEM;
	if (report) {
		totals[0].files = (struct oci_u64){ .present = true, .value = report->kept };
		totals[0].bytes = (struct oci_u64){ .present = true, .value = report->kept_bytes };
		totals[1].files = (struct oci_u64){ .present = true, .value = report->left_out };
		totals[1].bytes =
			(struct oci_u64){ .present = true, .value = report->left_out_bytes };
		w->document.kept = &totals[0];
		w->document.left_out_total = &totals[1];
		w->document.suggestions = (char **)report->suggestions;
		w->document.suggestions_len = report->suggestions_len;
	}
	return add_nodes(w, tree);
}

int explain_write(const struct tree *tree, const struct explain_image *image, char **ret_text,
		  size_t *ret_length, struct oci_error *err)
{
	struct writer w = { .image = image, .arena = OCI_ARENA_INIT };
	struct explain_total totals[2] = { 0 };
	int e;

	e = fill(&w, tree, totals);
	e = e < 0 ? err_nomem(err)
		  : oci_table_emit(&explain_table, &w.document, OCI_EMIT_INDENT, ret_text,
				   ret_length, err);
	oci_arena_free(&w.arena);
	return e;
}

int explain_parse(const char *name, const char *text, size_t length, struct oci_arena *arena,
		  struct explain **ret, struct oci_error *err)
{
	struct explain *document;
	void *object;
	int e;

	e = oci_table_parse(&explain_table, arena, name, text, length, &object, err);
	if (e < 0)
		return e;
	document = object;
	if (document->version.value != DOCUMENT_VERSION)
		return err_set(err, EINVAL, "%s: version: expected %d, got %u", name,
			       DOCUMENT_VERSION, document->version.value);
	*ret = document;
	return 0;
}

/* ---- in the store ---- */

int explain_save(const char *store, const struct digest *manifest, const char *text, size_t length,
		 struct oci_error *err)
{
	char name[DIGEST_HEX_LENGTH + 1 + sizeof(".json")], hex[DIGEST_HEX_LENGTH + 1];
	CLEANUP_CLOSE int top = -1, folder = -1;
	int e;

	top = open(store, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (top < 0)
		return err_sys(err, errno, "open %s", store);
	if (mkdirat(top, "explain", 0755) < 0 && errno != EEXIST)
		return err_sys(err, errno, "make %s/explain", store);
	folder = openat(top, "explain", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (folder < 0)
		return err_sys(err, errno, "open %s/explain", store);
	(void)snprintf(name, sizeof(name), "%s.json", digest_hex(manifest, hex));
	/* ext4 writes out what is renamed over another file at once, which takes milliseconds */
	if (io_same_at(folder, name, text, length))
		return 0;
	e = io_replace_at(folder, name, text, length, 0644);
	return e < 0 ? err_sys(err, -e, "write %s/explain/%s", store, name) : 0;
}

int explain_load(const char *store, const struct digest *manifest, struct oci_arena *arena,
		 char **ret_text, size_t *ret_length, struct oci_error *err)
{
	char path[PATH_MAX], hex[DIGEST_HEX_LENGTH + 1];
	int e, n;

	n = snprintf(path, sizeof(path), "%s/explain/%s.json", store, digest_hex(manifest, hex));
	if (n < 0 || (size_t)n >= sizeof(path))
		return err_set(err, ENAMETOOLONG, "%s: the path is too long", store);
	e = io_read_at(AT_FDCWD, path, DOCUMENT_MAX, arena, ret_text, ret_length);
	if (e == -ENOENT)
		return err_set(err, ENOENT,
			       "there is no explanation of this image: it was not built here");
	return e < 0 ? err_sys(err, -e, "read %s", path) : 0;
}
