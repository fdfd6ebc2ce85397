/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source.h - files of the host become nodes of a tree: PATH lines from the context, FROM dir:.
 *
 * Nothing outside the folder is read: a link out of the context is an error. The same files give the same nodes, whoever
 * built, whenever, with whatever umask: owners, times and modes are normalised (image reproducibility, cartefile(5)).
 */
#ifndef CARTEFILE_SOURCE_H
#define CARTEFILE_SOURCE_H

#include "cartefile-to-oci/cartefile.h"
#include "cartefile-to-oci/digest.h"
#include "cartefile-to-oci/tree.h"

/** struct ignore - the patterns of .carteignore; in ignore.c. */
struct ignore;
int ignore_parse(const char *name, const char *text, size_t length, struct oci_arena *arena,
		 struct ignore **ret, struct oci_error *err);
/** ignore_matches - is @path (relative to the context) left out? NULL @ignore: nothing is. */
bool ignore_matches(const struct ignore *ignore, const char *path, bool is_folder);

/** struct context - the folder that SOURCE is relative to. */
struct context {
	struct tree_source *source;
	const struct ignore *ignore;
	int64_t mtime; /* of every node: 0, or SOURCE_DATE_EPOCH */
};

/** source_add_path - what one PATH line names. Modes 0755 and 0644 by the owner's x bit unless given, owner 0:0 unless given. */
int source_add_path(struct tree *tree, const struct context *context, const struct cartefile *file,
		    const struct cartefile_path *path, struct oci_error *err);

/**
 * source_add_dir - FROM dir: all of a folder, origin TREE_BASE. Modes are kept with set-id and sticky bits, owners too, but who owns the
 * folder itself becomes root when that is an ordinary user's; times are @mtime, except that a .py file gets the time that its
 * __pycache__ file was compiled for. Sockets and devices are left out.
 */
int source_add_dir(struct tree *tree, struct tree_source *source, int64_t mtime,
		   struct oci_error *err);

/**
 * source_key_path, source_key_dir - hash what stat(2) says of the same files, without making nodes: equal keys mean that nothing has
 * changed on this host.
 */
int source_key_path(const struct context *context, const struct cartefile *file,
		    const struct cartefile_path *path, struct digest_state *state,
		    struct oci_error *err);
int source_key_dir(const struct tree_source *source, struct digest_state *state,
		   struct oci_error *err);

#endif
