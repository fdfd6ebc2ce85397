/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layer_xattr.c - extended attributes of layers: user.* and file capabilities come through, others are not an image's to give.
 *
 *   trusted.overlay.*, user.overlay.*   refused: below an overlay mount they are the file system's own words. A layer with
 *                   "redirect" or "metacopy" could have other files of the lower layers (and before Linux 5.11's checks
 *                   of other trees) shown under its names, with its modes. No builder writes them into a layer.
 *   security.capability   kept: what setcap(8) gives; the kernel honours it for the owner's user namespace only
 *   security.* (selinux, ima, evm, apparmor, SMACK), trusted.*, system.* (posix_acl_*, nfs4_acl)
 *                   left out: labels and rights in the words of the host that packed, not of the one that unpacks
 */
#include <archive.h>
#include <archive_entry.h>
#include <limits.h>
#include <linux/limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "cartefile-to-oci/layer_xattr.h"

#define XATTRS_MAX 64u

static bool has_prefix(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

static int add(struct layer_xattrs *xattrs, const char *name, const void *value, size_t length,
	       struct oci_error *err)
{
	size_t at = 0;

	while (at < xattrs->len && strcmp(xattrs->items[at].name, name) < 0)
		at++;
	/* bsdtar writes each one twice, in two spellings */
	if (at < xattrs->len && strcmp(xattrs->items[at].name, name) == 0)
		return 0;
	if (xattrs->len == xattrs->room) {
		size_t room = xattrs->room ? xattrs->room * 2 : 4;
		struct tree_xattr *items =
			reallocarray(xattrs->items, room, sizeof(*xattrs->items));

		if (!items)
			return err_nomem(err);
		xattrs->items = items;
		xattrs->room = room;
	}
	memmove(xattrs->items + at + 1, xattrs->items + at,
		(xattrs->len - at) * sizeof(*xattrs->items));
	xattrs->items[at] = (struct tree_xattr){ name, value, length };
	xattrs->len++;
	return 0;
}

static int take(struct layer_xattrs *xattrs, const char *archive, const char *path,
		const char *name, const void *value, size_t length, struct oci_error *err)
{
	if (has_prefix(name, "trusted.overlay.") || has_prefix(name, "user.overlay."))
		return err_set_as(
			err, ERR_DOCUMENT, EINVAL,
			"%s: entry '%.300s': the extended attribute %.100s is overlayfs's own",
			archive, path, name);
	if (strcmp(name, "security.capability") != 0 && !has_prefix(name, "user."))
		return 0;
	if (strlen(name) > XATTR_NAME_MAX || length > XATTR_SIZE_MAX)
		return err_set_as(err, ERR_DOCUMENT, EINVAL,
				  "%s: entry '%.300s': the extended attribute %.100s is too long",
				  archive, path, name);
	if (xattrs->len == XATTRS_MAX)
		return err_set_as(err, ERR_DOCUMENT, EINVAL,
				  "%s: entry '%.300s': has more than %u extended attributes",
				  archive, path, XATTRS_MAX);
	return add(xattrs, name, value, length, err);
}

int layer_xattrs_take(struct layer_xattrs *xattrs, struct archive_entry *from, const char *name,
		      struct oci_error *err)
{
	const char *key;
	const void *value;
	size_t length;
	int r = 0;

	xattrs->len = 0;
	if (archive_entry_xattr_reset(from) == 0)
		return 0;
	while (r == 0 && archive_entry_xattr_next(from, &key, &value, &length) == ARCHIVE_OK)
		if (key)
			r = take(xattrs, name, archive_entry_pathname(from), key, value, length,
				 err);
	return r;
}

void layer_xattrs_free(struct layer_xattrs *xattrs)
{
	mem_freep(&xattrs->items);
	xattrs->len = xattrs->room = 0;
}
