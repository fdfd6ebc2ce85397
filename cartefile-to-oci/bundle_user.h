/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bundle_user.h - who the program runs as: User of the image's config against the image's own /etc/passwd and /etc/group.
 */
#ifndef CARTEFILE_BUNDLE_USER_H
#define CARTEFILE_BUNDLE_USER_H

#include <ocispec-lite/runtime.h>

/**
 * struct user_files - the text of both; NULL: the image has none.
 */
struct user_files {
	const char *passwd;
	const char *group;
};

/** struct bundle_layers - a root as folders, top first; one for a root that is whole. */
struct bundle_layers {
	int *fds;
	size_t len;
};

/**
 * bundle_layers_open - a path's file as overlayfs would show it: whiteouts and opaque folders count, links stay inside,
 * also across layers. To be read, regular files only.
 * Return: fd, -ENOENT, -EINVAL when it is no regular file, -ELOOP, -errno; no words.
 */
int bundle_layers_open(const struct bundle_layers *layers, const char *path);

/** bundle_user_files - read both, up to 4 MiB each. */
int bundle_user_files(const struct bundle_layers *layers, struct oci_arena *arena,
		      struct user_files *ret, struct oci_error *err);

/**
 * bundle_user - "name|uid[:group|gid]" (image-spec config.md#properties, User). Without a group: the user's own, and those of
 * /etc/group that name it; a number that /etc/passwd does not know is of group 0. NULL or "": 0:0.
 */
int bundle_user(const struct user_files *files, const char *text, struct oci_arena *arena,
		struct oci_user **ret, struct oci_error *err);

#endif
