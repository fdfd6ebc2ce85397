/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mount_options.h - mounts[].options as flags, attributes and file system data.
 *
 * One sorted table holds every option that a runtime acts on itself; what is
 * not in it is left for the file system (config.md#mounts).
 */
#ifndef CARTE_RUNTIME_MOUNT_OPTIONS_H
#define CARTE_RUNTIME_MOUNT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <ocispec-lite/arena.h>
#include <ocispec-lite/error.h>

#define MOUNT_PROPAGATION_MAX 4

enum mount_idmap {
	MOUNT_IDMAP_NONE = 0,
	MOUNT_IDMAP_TOP,       /* "idmap": the mount itself */
	MOUNT_IDMAP_RECURSIVE, /* "ridmap": with all mounts below it */
};

struct mount_options {
	unsigned long flags; /* MS_* for mount(2), MS_BIND and MS_REC included */
	uint64_t attr_set;   /* MOUNT_ATTR_* of the mount itself; only what was asked for */
	uint64_t attr_clr;
	uint64_t rec_set; /* the same for the mount and all below it: rro, rnosuid, ... */
	uint64_t rec_clr;
	unsigned long
		propagation[MOUNT_PROPAGATION_MAX]; /* MS_SHARED, ...; with MS_REC; in order */
	size_t propagation_len;
	enum mount_idmap idmap;
	const char *
		idmap_spec; /* behind "idmap=" or "ridmap=" (crun): "uids=0-1-10#10-11-10;gids=0-3-10" */
	size_t idmap_index;
	bool tmpcopyup;
	bool copy_symlink; /* of a bind: a source that is a symlink is copied as one */
	bool src_nofollow;
	bool dest_nofollow;
	const char *data;  /* the rest, joined by commas; NULL: nothing */
	size_t data_index; /* of the first option in data */
};

/**
 * mount_options_parse - sort @options into @ret; the last of two that contradict wins.
 * Return: 0 or -ENOMEM or -EINVAL with words that start with "options[N]: ".
 */
int mount_options_parse(struct oci_arena *arena, char *const *options, size_t len,
			struct mount_options *ret, struct oci_error *err);

/** mount_superblock_option - index of the option that sets what only a whole file system has (sync, ...), or -1. */
ssize_t mount_superblock_option(const struct mount_options *parsed, char *const *options,
				size_t len);

/** mount_propagation_flags - "rslave" is MS_SLAVE|MS_REC; 0 for a word that is none. */
unsigned long mount_propagation_flags(const char *word);

#endif
