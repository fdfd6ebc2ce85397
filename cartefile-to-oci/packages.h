/* SPDX-License-Identifier: Apache-2.0 */
/*
 * packages.h - which package of the base each file is from: dpkg's and apk's own records, read from the tree.
 */
#ifndef CARTEFILE_PACKAGES_H
#define CARTEFILE_PACKAGES_H

#include "cartefile-to-oci/tree.h"

enum package_kind { PACKAGE_DEB = 1, PACKAGE_APK };

/** struct package - one that is installed. Strings are the arena's; NULL where the record says nothing. */
struct package {
	enum package_kind kind;
	const char *name, *version, *architecture, *maintainer, *homepage, *licence;
	const char *source; /* of several from one source; never NULL */
	struct tree_node **
		nodes; /* files, links and folders that exist; the way there is followed, a last link is not */
	size_t nodes_len, nodes_room;
};

struct package_list {
	struct package *packages; /* sorted by name, then architecture */
	size_t len, room;
};

/**
 * packages_read - without either record: none. What is damaged in a record is passed over.
 * @sysroot: where records are that the tree has not: that of an image from scratch; or NULL
 */
int packages_read(const struct tree *tree, const struct tree_source *sysroot,
		  struct oci_arena *arena, struct package_list *ret, struct oci_error *err);

/** packages_parse_dpkg, packages_parse_apk - add what one record says. @tree NULL: no files. */
int packages_parse_dpkg(const char *text, size_t length, struct oci_arena *arena,
			struct package_list *list, struct oci_error *err);
int packages_parse_apk(const struct tree *tree, const char *text, size_t length,
		       struct oci_arena *arena, struct package_list *list, struct oci_error *err);

/** packages_distribution - ID of os-release ("debian"), or NULL. */
const char *packages_distribution(const struct tree *tree, const struct tree_source *sysroot,
				  struct oci_arena *arena);

#endif
