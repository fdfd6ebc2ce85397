/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layer_read.c - entries of a hostile tar, made harmless; see layer_read.h.
 *
 * libarchive knows the dialects; it gets plain bytes (layer_stream.c) and never sees a file system. Names are judged here, and
 * only here: who acts on an entry may take for granted that its path and its hard link's are relative, clean, without "..",
 * of possible lengths, and that marks are of layers. That a component of the path may be a link on the disk is the business
 * of who acts. (A NUL within a name ends it in libarchive already.)
 */
#include <archive.h>
#include <archive_entry.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/mem.h"
#include "cartefile-to-oci/layer_stream.h"
#include "cartefile-to-oci/layer_xattr.h"

#define ENTRIES_MAX 2000000u /* ten times the largest image that is known to us */

#define WHITEOUT ".wh."
#define WHITEOUT_META \
	".wh..wh." /* of aufs; only the next has a meaning (image-spec layer.md#whiteouts) */
#define WHITEOUT_OPAQUE ".wh..wh..opq"

static const unsigned char zeros[64 * 1024];

struct layer_reader {
	struct layer_input input;
	struct layer_stream stream;
	struct archive *archive;
	struct oci_error *err; /* of the call that is going on, for the callbacks */
	int failed;            /* a callback's error */
	const void *first;     /* read ahead to see whether there is anything */
	ssize_t first_length;
	bool empty, ended, sparse;
	size_t entries;
	uint64_t at;         /* in the content */
	const void *block;   /* of libarchive, behind a hole */
	size_t block_length; /* 0: none is waiting */
	uint64_t block_at;
	struct layer_entry entry;
	struct layer_xattrs xattrs;
	char path[PATH_MAX], link[PATH_MAX];
};

/* ---- bytes for libarchive ------------------------------------------------------------------------------------------ */
static la_ssize_t give(struct archive *archive, void *ctx, const void **ret)
{
	struct layer_reader *reader = ctx;
	ssize_t n;

	if (reader->first) {
		*ret = TAKE_PTR(reader->first);
		return reader->first_length;
	}
	n = layer_stream_read(&reader->stream, ret, reader->err);
	if (n >= 0)
		return n;
	reader->failed = (int)n;
	archive_set_error(archive, (int)-n, "input failed");
	return ARCHIVE_FATAL;
}

static la_int64_t jump(struct archive *archive, void *ctx, la_int64_t length)
{
	struct layer_reader *reader = ctx;

	(void)archive;
	return reader->first ? 0 : layer_stream_skip(&reader->stream, length);
}

/* libarchive said no: its words, or those of the callback that made it say so. */
static int archive_failed(struct layer_reader *reader, struct oci_error *err)
{
	const char *words = archive_error_string(reader->archive);

	if (reader->failed < 0)
		return reader->failed;
	if (archive_errno(reader->archive) == ENOMEM)
		return err_nomem(err);
	if (reader->entries == 0 && archive_format(reader->archive) == 0)
		return err_set_as(err, ERR_DOCUMENT, EINVAL, "%s: is no tar archive",
				  reader->input.name);
	return err_set_as(err, ERR_DOCUMENT, EINVAL, "%s: tar: %s", reader->input.name,
			  words ? words : "damaged");
}

static int open_archive(struct layer_reader *reader, struct oci_error *err)
{
	struct archive *archive = archive_read_new();

	reader->archive = archive;
	if (!archive)
		return err_nomem(err);
	if (archive_read_support_format_tar(archive) != ARCHIVE_OK ||
	    archive_read_set_read_callback(archive, give) != ARCHIVE_OK ||
	    archive_read_set_skip_callback(archive, jump) != ARCHIVE_OK ||
	    archive_read_set_callback_data(archive, reader) != ARCHIVE_OK ||
	    archive_read_open1(archive) != ARCHIVE_OK)
		return archive_failed(reader, err);
	return 0;
}

int layer_open(const struct layer_input *input, struct layer_reader **ret, struct oci_error *err)
{
	struct layer_reader *reader = calloc(1, sizeof(*reader));
	int r;

	if (!reader)
		return err_nomem(err);
	reader->input = *input;
	reader->err = err;
	r = layer_stream_open(&reader->stream, input, err);
	if (r == 0) {
		reader->first_length = layer_stream_read(&reader->stream, &reader->first, err);
		r = reader->first_length < 0 ? (int)reader->first_length : 0;
		reader->empty = reader->first_length == 0;
	}
	if (r == 0 && reader->empty && !input->is_layer)
		r = err_set_as(err, ERR_DOCUMENT, EINVAL, "%s: is empty", input->name);
	if (r == 0 && !reader->empty)
		r = open_archive(reader, err);
	if (r < 0) {
		layer_close(reader);
		return r;
	}
	*ret = reader;
	return 0;
}

void layer_close(struct layer_reader *reader)
{
	if (!reader)
		return;
	if (reader->archive)
		(void)archive_read_free(reader->archive);
	layer_stream_close(&reader->stream);
	layer_xattrs_free(&reader->xattrs);
	free(reader);
}

/* ---- names --------------------------------------------------------------------------------------------------------- */
__attribute__((format(printf, 4, 5))) static int refuse(const struct layer_reader *reader,
							const char *name, struct oci_error *err,
							const char *format, ...)
{
	char words[256];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(words, sizeof(words), format, ap);
	va_end(ap);
	return err_set_as(err, ERR_DOCUMENT, EINVAL, "%s: entry '%.300s': %s", reader->input.name,
			  name, words);
}

/* Relative, without "." and empty components. */
static int clean(const struct layer_reader *reader, const char *name, const char *raw,
		 char out[PATH_MAX], struct oci_error *err)
{
	size_t length = 0;

	for (const char *at = raw; *at;) {
		size_t n = strcspn(at, "/");
		const char *part = at;

		at += n + (at[n] == '/');
		if (n == 0 || (n == 1 && part[0] == '.'))
			continue;
		if (n == 2 && part[0] == '.' && part[1] == '.')
			return refuse(reader, name, err, "'..' in '%.100s'", raw);
		if (n > NAME_MAX)
			return refuse(reader, name, err,
				      "a name of %zu bytes, at most %d are possible", n, NAME_MAX);
		if (length + n + 2 > PATH_MAX)
			return refuse(reader, name, err, "a path of more than %d bytes",
				      PATH_MAX - 1);
		if (length > 0)
			out[length++] = '/';
		memcpy(out + length, part, n);
		length += n;
	}
	out[length] = '\0';
	return 0;
}

static bool has_prefix(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* In @path, in place: the path that a mark is about, and which mark it is. */
static int find_mark(struct layer_reader *reader, const char *name, char *path,
		     struct oci_error *err)
{
	char *last = strrchr(path, '/'), *base = last ? last + 1 : path;
	const char *hidden;

	for (const char *at = path; at != base; at = strchr(at, '/') + 1)
		if (has_prefix(at, WHITEOUT))
			return refuse(reader, name, err,
				      "below a whiteout (a name that begins with .wh.)");
	if (!has_prefix(base, WHITEOUT))
		return 0;
	if (!reader->input.is_layer)
		return refuse(reader, name, err,
			      "a name that begins with .wh. cannot be in an image: it would mean a "
			      "whiteout");
	if (strcmp(base, WHITEOUT_OPAQUE) == 0) {
		*(last ? last : path) = '\0';
		reader->entry.mark = LAYER_OPAQUE;
		return 0;
	}
	hidden = base + strlen(WHITEOUT);
	if (has_prefix(base, WHITEOUT_META))
		return refuse(reader, name, err, "a whiteout mark that is not known");
	if (!*hidden || strcmp(hidden, ".") == 0 || strcmp(hidden, "..") == 0)
		return refuse(reader, name, err, "a whiteout of nothing that can be removed");
	memmove(base, hidden, strlen(hidden) + 1);
	reader->entry.mark = LAYER_WHITEOUT;
	return 0;
}

static int take_names(struct layer_reader *reader, struct archive_entry *from,
		      struct oci_error *err)
{
	const char *name = archive_entry_pathname(from);
	const char *hardlink = archive_entry_hardlink(from);
	struct layer_entry *entry = &reader->entry;
	int r;

	if (!name)
		return err_set_as(err, ERR_DOCUMENT, EINVAL, "%s: entry %zu has no name",
				  reader->input.name, reader->entries);
	r = clean(reader, name, name, reader->path, err);
	if (r == 0)
		r = find_mark(reader, name, reader->path, err);
	if (r == 0 && hardlink && entry->mark == LAYER_ENTRY) {
		r = clean(reader, name, hardlink, reader->link, err);
		entry->hardlink = reader->link;
		if (r == 0 && !reader->link[0])
			r = refuse(reader, name, err, "a hard link to the root");
	}
	entry->path = reader->path;
	return r;
}

/* ---- the rest of an entry ------------------------------------------------------------------------------------------ */
static int take_type(struct layer_reader *reader, struct archive_entry *from, struct oci_error *err)
{
	struct layer_entry *entry = &reader->entry;
	const char *name = archive_entry_pathname(from);

	if (entry->hardlink || entry->mark != LAYER_ENTRY) {
		entry->type = TREE_FILE;
	} else {
		switch (archive_entry_filetype(from)) {
		case AE_IFREG:
			entry->type = TREE_FILE;
			break;
		case AE_IFDIR:
			entry->type = TREE_DIR;
			break;
		case AE_IFLNK:
			entry->type = TREE_LINK;
			break;
		case AE_IFIFO:
			entry->type = TREE_FIFO;
			break;
		case AE_IFCHR:
			entry->type = TREE_CHAR;
			break;
		case AE_IFBLK:
			entry->type = TREE_BLOCK;
			break;
		default:
			return refuse(reader, name, err, "is of a type that no image has");
		}
	}
	if (!entry->path[0] && entry->mark == LAYER_ENTRY && entry->type != TREE_DIR)
		return refuse(reader, name, err, "the root of an image can only be a folder");
	return 0;
}

static int take_target(struct layer_reader *reader, struct archive_entry *from,
		       struct oci_error *err)
{
	struct layer_entry *entry = &reader->entry;

	if (entry->type != TREE_LINK)
		return 0;
	entry->target = archive_entry_symlink(from);
	if (!entry->target || !*entry->target)
		return refuse(reader, archive_entry_pathname(from), err,
			      "a symbolic link to nothing");
	if (strlen(entry->target) >= PATH_MAX)
		return refuse(reader, archive_entry_pathname(from), err,
			      "a symbolic link to a path of more than %d bytes", PATH_MAX - 1);
	return 0;
}

static int take_numbers(struct layer_reader *reader, struct archive_entry *from,
			struct oci_error *err)
{
	struct layer_entry *entry = &reader->entry;
	const char *name = archive_entry_pathname(from);
	int64_t uid = archive_entry_uid(from), gid = archive_entry_gid(from);
	int64_t size = archive_entry_size(from);

	/* (uid_t)-1 means "leave it" to chown(2) */
	if (uid < 0 || uid >= UINT32_MAX || gid < 0 || gid >= UINT32_MAX)
		return refuse(reader, name, err, "owner %lld:%lld is not possible", (long long)uid,
			      (long long)gid);
	if (size < 0)
		return refuse(reader, name, err, "size %lld is not possible", (long long)size);
	entry->uid = (uint32_t)uid;
	entry->gid = (uint32_t)gid;
	entry->mode = archive_entry_perm(from) & 07777;
	entry->mtime = archive_entry_mtime(from);
	entry->mtime_ns = (uint32_t)archive_entry_mtime_nsec(from) % 1000000000;
	if (entry->type == TREE_FILE && !entry->hardlink && entry->mark == LAYER_ENTRY)
		entry->size = (uint64_t)size;
	if (entry->type == TREE_CHAR || entry->type == TREE_BLOCK) {
		entry->rdev_major = (uint32_t)archive_entry_rdevmajor(from);
		entry->rdev_minor = (uint32_t)archive_entry_rdevminor(from);
	}
	return 0;
}

static int take_entry(struct layer_reader *reader, struct archive_entry *from,
		      struct oci_error *err)
{
	int r;

	reader->entry = (struct layer_entry){ .mark = LAYER_ENTRY };
	reader->at = 0;
	reader->block_length = 0;
	r = take_names(reader, from, err);
	if (r == 0)
		r = take_type(reader, from, err);
	if (r == 0)
		r = take_target(reader, from, err);
	if (r == 0)
		r = take_numbers(reader, from, err);
	if (r == 0 && reader->entry.mark == LAYER_ENTRY && !reader->entry.hardlink) {
		r = layer_xattrs_take(&reader->xattrs, from, reader->input.name, err);
		reader->entry.xattrs = reader->xattrs.items;
		reader->entry.xattrs_len = reader->xattrs.len;
	}
	reader->sparse = archive_entry_sparse_count(from) > 0;
	return r;
}

int layer_next(struct layer_reader *reader, const struct layer_entry **ret, struct oci_error *err)
{
	struct archive_entry *entry;
	int r;

	reader->err = err;
	if (reader->ended)
		return 0;
	r = reader->empty ? ARCHIVE_EOF : archive_read_next_header(reader->archive, &entry);
	if (r == ARCHIVE_EOF) {
		r = layer_stream_finish(&reader->stream, &reader->input, err);
		reader->ended = r == 0;
		return r;
	}
	/* a warning is of names that are no words of this locale; their bytes are as they were */
	if (r != ARCHIVE_OK && r != ARCHIVE_WARN)
		return archive_failed(reader, err);
	if (++reader->entries > ENTRIES_MAX)
		return err_set_as(err, ERR_DOCUMENT, EFBIG, "%s: has more than %u entries",
				  reader->input.name, ENTRIES_MAX);
	r = take_entry(reader, entry, err);
	if (r < 0)
		return r;
	*ret = &reader->entry;
	return 1;
}

/* ---- contents ------------------------------------------------------------------------------------------------------ */
bool layer_offset(const struct layer_reader *reader, uint64_t *ret)
{
	if (reader->stream.codec || reader->sparse || reader->empty)
		return false;
	/* what the tar reader has used up: all headers of the entry */
	*ret = (uint64_t)archive_filter_bytes(reader->archive, 0);
	return true;
}

static ssize_t hole(struct layer_reader *reader, uint64_t end, const void **ret,
		    struct oci_error *err)
{
	size_t n = end - reader->at < sizeof(zeros) ? (size_t)(end - reader->at) : sizeof(zeros);
	int r = layer_stream_inflated(&reader->stream, n, err);

	if (r < 0)
		return r;
	*ret = zeros;
	reader->at += n;
	return (ssize_t)n;
}

static ssize_t block(struct layer_reader *reader, const void **ret)
{
	size_t n = reader->block_length;

	reader->block_length = 0;
	*ret = reader->block;
	reader->at += n;
	return (ssize_t)n;
}

ssize_t layer_data(struct layer_reader *reader, const void **ret_data, struct oci_error *err)
{
	la_int64_t offset = 0;
	int r;

	reader->err = err;
	if (reader->at >= reader->entry.size)
		return 0;
	while (reader->block_length == 0) {
		r = archive_read_data_block(reader->archive, &reader->block, &reader->block_length,
					    &offset);
		if (r == ARCHIVE_EOF)
			return hole(reader, reader->entry.size, ret_data, err);
		if (r != ARCHIVE_OK && r != ARCHIVE_WARN)
			return archive_failed(reader, err);
		reader->block_at = (uint64_t)offset;
		/* never true; a content is as long as its entry says */
		if (offset < (la_int64_t)reader->at ||
		    (uint64_t)offset + reader->block_length > reader->entry.size)
			return refuse(reader, reader->path, err, "its parts overlap");
	}
	return reader->block_at > reader->at ? hole(reader, reader->block_at, ret_data, err)
					     : block(reader, ret_data);
}

void layer_digests(const struct layer_reader *reader, struct digest *ret_blob,
		   struct digest *ret_diff_id)
{
	*ret_blob = reader->stream.in_digest;
	*ret_diff_id = reader->stream.out_digest;
}
