/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tar.c - ustar headers, pax headers where they must be, files' bytes; see tar.h.
 *
 * A pax record overrides the field of the ustar header, which then says as much as it can. Numbers of ustar are octal digits in
 * ASCII with a NUL behind (POSIX.1-2017 pax, "ustar Interchange Format").
 */
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "cartefile-to-oci/tar.h"

struct ustar {
	char name[100];
	char mode[8];
	char uid[8];
	char gid[8];
	char size[12];
	char mtime[12];
	char checksum[8];
	char type;
	char link[100];
	char magic[6]; /* "ustar" and a NUL */
	char version[2];
	char user[32];
	char group[32];
	char major[8];
	char minor[8];
	char prefix[155];
	char unused[12];
};
_Static_assert(sizeof(struct ustar) == TAR_BLOCK, "a header is one block");

#define SIZE_LIMIT (UINT64_C(1) << 33) /* 11 octal digits */
#define MTIME_LIMIT (INT64_C(1) << 33)
#define ID_LIMIT (UINT32_C(1) << 21) /* 7 octal digits */

int tar_bytes(struct tar_out *out, const void *data, size_t length, struct oci_error *err)
{
	const unsigned char *from = data;

	while (length > 0) {
		size_t n = out->size - out->used;

		if (n > length)
			n = length;
		memcpy(out->buffer + out->used, from, n);
		out->used += n;
		from += n;
		length -= n;
		if (out->used == out->size) {
			int r = out->flush(out, err);

			if (r < 0)
				return r;
		}
	}
	return 0;
}

static int zeros(struct tar_out *out, size_t length, struct oci_error *err)
{
	static const unsigned char block[2 * TAR_BLOCK];

	return tar_bytes(out, block, length, err);
}

int tar_end(struct tar_out *out, struct oci_error *err)
{
	int r = zeros(out, (size_t)2 * TAR_BLOCK, err);

	if (r == 0 && out->used > 0)
		r = out->flush(out, err);
	return r;
}

/* up to a whole block */
static int pad(struct tar_out *out, uint64_t length, struct oci_error *err)
{
	return zeros(out, (size_t)(-length % TAR_BLOCK), err);
}

/* ---- pax records ------------------------------------------------------------------------------------------------ */

struct records {
	char *data;
	size_t length, room;
};

static int add_bytes(struct records *records, const void *data, size_t length,
		     struct oci_error *err)
{
	if (records->room - records->length < length) {
		size_t room = (records->length + length) * 2 + 256;
		char *grown = realloc(records->data, room);

		if (!grown)
			return err_nomem(err);
		records->data = grown;
		records->room = room;
	}
	memcpy(records->data + records->length, data, length);
	records->length += length;
	return 0;
}

/* "LENGTH KEY=VALUE\n"; LENGTH counts itself */
static int add_record(struct records *records, const char *prefix, const char *key,
		      const void *value, size_t value_length, struct oci_error *err)
{
	size_t rest = strlen(prefix) + strlen(key) + value_length + 3, digits = 1, length;
	char head[32];
	int n, r;

	do {
		length = rest + digits;
		n = snprintf(head, sizeof(head), "%zu ", length);
	} while ((size_t)n - 1 != digits && digits++ < 20);
	r = add_bytes(records, head, (size_t)n, err);
	if (r == 0)
		r = add_bytes(records, prefix, strlen(prefix), err);
	if (r == 0)
		r = add_bytes(records, key, strlen(key), err);
	if (r == 0)
		r = add_bytes(records, "=", 1, err);
	if (r == 0)
		r = add_bytes(records, value, value_length, err);
	return r < 0 ? r : add_bytes(records, "\n", 1, err);
}

static int add_number(struct records *records, const char *key, int64_t value,
		      struct oci_error *err)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "%jd", (intmax_t)value);

	return add_record(records, "", key, text, (size_t)n, err);
}

static int add_xattrs(struct records *records, const struct tree_node *node, struct oci_error *err)
{
	for (size_t i = 0; i < node->xattrs_len; i++) {
		const struct tree_xattr *xattr = &node->xattrs[i];
		char path[PATH_MAX];
		int r;

		/* the first '=' ends a key */
		if (strchr(xattr->name, '='))
			return err_set(
				err, EINVAL,
				"%s: extended attribute '%s': no tar can hold a name with '='",
				tree_path(node, path, sizeof(path)), xattr->name);
		r = add_record(records, "SCHILY.xattr.", xattr->name, xattr->value, xattr->length,
			       err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- text ------------------------------------------------------------------------------------------------------- */

static bool is_ascii(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text >= 0x80)
			return false;
	return true;
}

/* Length of the UTF-8 sequence (RFC 3629), 0: none. */
static size_t utf8_length(const unsigned char *at)
{
	size_t length = at[0] < 0x80   ? 1
			: at[0] < 0xc2 ? 0
			: at[0] < 0xe0 ? 2
			: at[0] < 0xf0 ? 3
				       : 4;

	if (at[0] > 0xf4)
		return 0;
	for (size_t i = 1; i < length; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] >= 0xa0) ||
	    (at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] >= 0x90))
		return 0;
	return length;
}

static bool is_utf8(const char *text)
{
	const unsigned char *at = (const unsigned char *)text;

	while (*at) {
		size_t length = utf8_length(at);

		if (length == 0)
			return false;
		at += length;
	}
	return true;
}

/* As much of it as fits, for readers that know nothing of pax. */
static void put_ascii(char *field, size_t size, const char *text)
{
	for (size_t i = 0; i < size && text[i]; i++)
		field[i] = (unsigned char)text[i] < 0x80 ? text[i] : '_';
}

static void put_octal(char *field, size_t size, uint64_t value)
{
	field[--size] = '\0';
	while (size-- > 0) {
		field[size] = (char)('0' + (value & 7));
		value >>= 3;
	}
}

/* ---- the header ------------------------------------------------------------------------------------------------- */

/* A name that ustar holds whole, split at a slash if need be. */
static bool put_name(struct ustar *header, const char *name, size_t length)
{
	const char *slash;

	if (length <= sizeof(header->name)) {
		memcpy(header->name, name, length);
		return true;
	}
	if (length > sizeof(header->prefix) + 1 + sizeof(header->name))
		return false;
	/* the first one after which the rest fits; one that ends the name does not separate anything */
	slash = strchr(name + length - sizeof(header->name) - 1, '/');
	if (!slash || !slash[1] || slash == name || (size_t)(slash - name) > sizeof(header->prefix))
		return false;
	memcpy(header->prefix, name, (size_t)(slash - name));
	memcpy(header->name, slash + 1, length - (size_t)(slash - name) - 1);
	return true;
}

/* pax text is UTF-8 unless hdrcharset says that it is any bytes. */
static int add_text(struct records *records, const char *key, const char *text,
		    struct oci_error *err)
{
	static const char binary[] = "BINARY";
	int r = 0;

	if (!is_utf8(text))
		r = add_record(records, "", "hdrcharset", binary, sizeof(binary) - 1, err);
	return r < 0 ? r : add_record(records, "", key, text, strlen(text), err);
}

/* What is no text at all is what every reader takes as it is, where it fits. */
static bool needs_record(const char *text)
{
	return !is_ascii(text) && is_utf8(text);
}

static int put_path(struct ustar *header, struct records *records, const char *name,
		    struct oci_error *err)
{
	if (!needs_record(name) && put_name(header, name, strlen(name)))
		return 0;
	put_ascii(header->name, sizeof(header->name), name);
	return add_text(records, "path", name, err);
}

static int put_link(struct ustar *header, struct records *records, const char *target,
		    struct oci_error *err)
{
	size_t length = strlen(target);

	if (length <= sizeof(header->link) && !needs_record(target)) {
		memcpy(header->link, target, length);
		return 0;
	}
	put_ascii(header->link, sizeof(header->link), target);
	return add_text(records, "linkpath", target, err);
}

static int put_id(char field[8], struct records *records, const char *key, uint32_t id,
		  struct oci_error *err)
{
	put_octal(field, 8, id < ID_LIMIT ? id : 0);
	return id < ID_LIMIT ? 0 : add_number(records, key, id, err);
}

static int put_numbers(struct ustar *header, struct records *records, const struct tree_node *node,
		       uint64_t size, struct oci_error *err)
{
	bool mtime_fits = node->mtime >= 0 && node->mtime < MTIME_LIMIT;
	int r = put_id(header->uid, records, "uid", node->uid, err);

	if (r == 0)
		r = put_id(header->gid, records, "gid", node->gid, err);
	put_octal(header->mode, sizeof(header->mode), node->mode);
	put_octal(header->size, sizeof(header->size), size < SIZE_LIMIT ? size : 0);
	if (r == 0 && size >= SIZE_LIMIT)
		r = add_number(records, "size", (int64_t)size, err);
	put_octal(header->mtime, sizeof(header->mtime), mtime_fits ? (uint64_t)node->mtime : 0);
	if (r == 0 && !mtime_fits)
		r = add_number(records, "mtime", node->mtime, err);
	if (node->type == TREE_CHAR || node->type == TREE_BLOCK) {
		put_octal(header->major, sizeof(header->major), node->rdev_major);
		put_octal(header->minor, sizeof(header->minor), node->rdev_minor);
	}
	return r;
}

static void seal(struct ustar *header)
{
	const unsigned char *bytes = (const unsigned char *)header;
	unsigned sum = 0;

	memcpy(header->magic, "ustar", sizeof(header->magic));
	memcpy(header->version, "00", sizeof(header->version));
	/* summed as if it were blanks; six digits, a NUL, a blank */
	memset(header->checksum, ' ', sizeof(header->checksum));
	for (size_t i = 0; i < sizeof(*header); i++)
		sum += bytes[i];
	put_octal(header->checksum, 7, sum);
}

static int write_records(struct tar_out *out, const struct tree_node *node,
			 const struct records *records, struct oci_error *err)
{
	static const char folder[] = "PaxHeaders/";
	struct ustar header = { .type = 'x' };
	int r;

	memcpy(header.name, folder, sizeof(folder) - 1);
	put_ascii(header.name + sizeof(folder) - 1, sizeof(header.name) - sizeof(folder),
		  node->name);
	put_octal(header.mode, sizeof(header.mode), 0644);
	put_octal(header.uid, sizeof(header.uid), 0);
	put_octal(header.gid, sizeof(header.gid), 0);
	put_octal(header.size, sizeof(header.size), records->length);
	put_octal(header.mtime, sizeof(header.mtime), 0);
	seal(&header);
	r = tar_bytes(out, &header, sizeof(header), err);
	if (r == 0)
		r = tar_bytes(out, records->data, records->length, err);
	return r < 0 ? r : pad(out, records->length, err);
}

static char type_of(const struct tree_node *node)
{
	switch ((enum tree_type)node->type) {
	case TREE_DIR:
		return '5';
	case TREE_LINK:
		return '2';
	case TREE_CHAR:
		return '3';
	case TREE_BLOCK:
		return '4';
	case TREE_FIFO:
		return '6';
	case TREE_FILE:
		break;
	}
	return '0';
}

/* "usr/bin/", "./" for the root: @buf has room for a slash and a NUL more than a path */
static const char *entry_name(const struct tree_node *node, char buf[PATH_MAX + 2])
{
	size_t length;

	if (!node->parent)
		return "./";
	tree_path(node, buf, PATH_MAX);
	length = strlen(buf);
	if (node->type == TREE_DIR)
		memcpy(buf + length, "/", 2);
	return buf + 1;
}

static int header_of(const struct tree_node *node, const struct tree_node *first,
		     struct ustar *header, struct records *records, struct oci_error *err)
{
	char name[PATH_MAX + 2], target[PATH_MAX + 2];
	uint64_t size = node->type == TREE_FILE && !first ? node->content->size : 0;
	int r = put_path(header, records, entry_name(node, name), err);

	header->type = first ? '1' : type_of(node);
	if (r == 0 && first)
		r = put_link(header, records, entry_name(first, target), err);
	else if (r == 0 && node->type == TREE_LINK)
		r = put_link(header, records, node->target, err);
	if (r == 0)
		r = put_numbers(header, records, node, size, err);
	return r < 0 ? r : add_xattrs(records, node, err);
}

int tar_header(struct tar_out *out, const struct tree_node *node, const struct tree_node *first,
	       struct oci_error *err)
{
	struct ustar header = { .type = 0 };
	struct records records = { NULL, 0, 0 };
	int r = header_of(node, first, &header, &records, err);

	seal(&header);
	if (r == 0 && records.length > 0)
		r = write_records(out, node, &records, err);
	free(records.data);
	return r < 0 ? r : tar_bytes(out, &header, sizeof(header), err);
}

/* ---- the bytes of a file ---------------------------------------------------------------------------------------- */

static int changed(const struct tree_node *node, struct oci_error *err)
{
	const struct tree_content *content = node->content;
	char path[PATH_MAX];

	return err_set(err, ESTALE, "%s%s%s: has changed while it was read", content->source->name,
		       content->path ? "/" : ": ",
		       content->path ? content->path : tree_path(node, path, sizeof(path)));
}

static int unchanged(const struct tree_node *node, int fd, struct oci_error *err)
{
	const struct tree_content *content = node->content;
	struct stat st;
	int64_t mtime;

	if (!content->path)
		return 0;
	if (fstat(fd, &st) < 0)
		return err_sys(err, errno, "stat %s/%s", content->source->name, content->path);
	mtime = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
	return mtime != content->host_mtime || (uint64_t)st.st_size != content->size
		       ? changed(node, err)
		       : 0;
}

/* Straight into the buffer that will be hashed and compressed. */
static int copy(struct tar_out *out, const struct tree_node *node, int fd, uint64_t offset,
		struct oci_error *err)
{
	uint64_t left = node->content->size;

	while (left > 0) {
		size_t room = out->size - out->used;
		ssize_t n = RETRY_EINTR(pread(fd, out->buffer + out->used,
					      room < left ? room : (size_t)left, (off_t)offset));

		if (n < 0)
			return err_sys(err, errno, "read %s", node->content->source->name);
		if (n == 0)
			return changed(node, err);
		out->used += (size_t)n;
		offset += (uint64_t)n;
		left -= (uint64_t)n;
		if (out->used == out->size) {
			int r = out->flush(out, err);

			if (r < 0)
				return r;
		}
	}
	return unchanged(node, fd, err);
}

int tar_entry(struct tar_out *out, const struct tree_node *node, const struct tree_node *first,
	      struct oci_error *err)
{
	CLEANUP_CLOSE int owned = -1;
	uint64_t offset;
	bool is_owned;
	int fd, r;

	r = tar_header(out, node, first, err);
	if (r < 0 || node->type != TREE_FILE || first || node->content->size == 0)
		return r;
	r = tree_open(node, &fd, &is_owned, &offset, err);
	if (r < 0)
		return r;
	if (is_owned)
		owned = fd;
	r = copy(out, node, fd, offset, err);
	return r < 0 ? r : pad(out, node->content->size, err);
}
