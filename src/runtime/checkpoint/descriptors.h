/* SPDX-License-Identifier: Apache-2.0 */
/*
 * descriptors.h - the standard descriptors of a container across a dump: pipes and files of the host's.
 */
#ifndef CARTE_RUNTIME_CHECKPOINT_DESCRIPTORS_H
#define CARTE_RUNTIME_CHECKPOINT_DESCRIPTORS_H

#include <sys/types.h>

#include "runtime/checkpoint/plan.h"

/** In the image folder: a JSON array, what 0, 1 and 2 of the first process were ("pipe:[12]"), as runc writes it. */
#define DESCRIPTORS_FILE "descriptors.json"

/**
 * descriptors_dump - look at those of @pid and remember them in the image folder; files outside the container's
 * mounts are told to criu as external, under "file[MOUNT:INODE]".
 */
int descriptors_dump(struct oci_arena *arena, pid_t pid, const struct cr_mounts *inside,
		     struct cr_plan *plan, struct oci_error *err);

/** descriptors_restore - our own 0, 1 and 2 take the places of those that the file names. No file, none to take. */
int descriptors_restore(struct oci_arena *arena, struct cr_plan *plan, struct oci_error *err);

#endif
