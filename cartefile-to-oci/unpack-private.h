/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unpack-private.h - what the files of unpack.h share: one layer that is being unpacked.
 */
#ifndef CARTEFILE_UNPACK_PRIVATE_H
#define CARTEFILE_UNPACK_PRIVATE_H

#include <limits.h>

#include "cartefile-to-oci/unpack.h"

/**
 * struct unpack - one layer on its way to the disk.
 * @seen: what this layer has written. A folder of it with @in_base set gets its mode and time at the end, when nothing is
 *	  written into it any more.
 * @folder: the one that entries go to, open; @folder_path: which one it is, as entries call it; @folder_real: where it
 *	    really is below the root, without links: @seen has such paths only
 * @folder_gid_sticks: what is made in it gets its group (inode(7), S_ISGID)
 */
struct unpack {
	int root;
	enum unpack_form form;
	const char *name; /* of the layer, for messages */
	uid_t uid;
	gid_t gid;
	size_t lost;
	struct tree seen;
	int folder;
	bool folder_gid_sticks;
	char folder_path[PATH_MAX], folder_real[PATH_MAX];
	char root_path[PATH_MAX]; /* as the kernel calls it; "" when it does not say */
	size_t made;              /* folders that no entry described */
};

/** unpack_fail - "NAME: entry 'PATH': what: strerror". -code */
int unpack_fail(const struct unpack *unpack, const char *path, int code, struct oci_error *err,
		const char *format, ...) __attribute__((format(printf, 5, 6)));

/** unpack_entry - one entry of the layer. */
int unpack_entry(struct unpack *unpack, const struct layer_entry *entry,
		 struct layer_reader *reader, struct oci_error *err);

/** unpack_mark - a whiteout or opaque mark. */
int unpack_mark(struct unpack *unpack, const struct layer_entry *entry, struct oci_error *err);

/**
 * unpack_folder - let unpack->folder be the folder that @path is in; @ret_name: its last component, in @path.
 * @make: make what is missing; else -ENOENT without words
 */
int unpack_folder(struct unpack *unpack, const char *path, bool make, const char **ret_name,
		  struct oci_error *err);

/** unpack_open_folder - a folder by its path; links are followed inside the root. fd or -errno, no words. */
int unpack_open_folder(struct unpack *unpack, const char *path);

/** unpack_real - where @name of the open folder is below the root, without links. */
int unpack_real(const struct unpack *unpack, const char *name, char ret[PATH_MAX],
		struct oci_error *err);

/** unpack_folders_begin - fill in @root_path and no open folder. */
void unpack_folders_begin(struct unpack *unpack);

/** unpack_later - note that the folder @path (a real one) gets this mode and time at the end. */
int unpack_later(struct unpack *unpack, const char *path, uint16_t mode, int64_t mtime,
		 uint32_t mtime_ns, struct oci_error *err);

/** unpack_folders_end - give all folders their modes and times, the deepest first. */
int unpack_folders_end(struct unpack *unpack, struct oci_error *err);

/** unpack_give - owner of @name in the open folder; what may not be given is counted. */
int unpack_give(struct unpack *unpack, const char *name, int fd, const struct layer_entry *entry,
		struct oci_error *err);

/** unpack_set_xattrs - of an open file or folder; unpack_clear_xattrs - those that a layer can give. */
int unpack_set_xattrs(struct unpack *unpack, int fd, const struct layer_entry *entry,
		      struct oci_error *err);
void unpack_clear_xattrs(int fd);

/** unpack_set_opaque - for overlayfs: nothing of the layers below shows in this folder. */
int unpack_set_opaque(struct unpack *unpack, int fd, const char *path, struct oci_error *err);

#endif
