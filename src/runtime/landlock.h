/* SPDX-License-Identifier: Apache-2.0 */
/*
 * landlock.h - what a container's programs may touch, by annotations io.carte.landlock.* (landlock(7)).
 */
#ifndef CARTE_RUNTIME_LANDLOCK_H
#define CARTE_RUNTIME_LANDLOCK_H

#include <ocispec-lite/runtime.h>

struct landlock_plan;

/**
 * landlock_plan - read the annotations and check them against the kernel.
 * @ret: NULL when nothing is asked for
 */
int landlock_plan(struct oci_arena *arena, const struct oci_config *config,
		  const struct landlock_plan **ret, struct oci_error *err);

/** landlock_refuse_checkpoint - of a container with rules: criu would make it run again without them. */
int landlock_refuse_checkpoint(const struct landlock_plan *plan, struct oci_error *err);

/** landlock_open - inside the container's root, with its root's rights: the rules. fd; -EBADF without words: none. */
int landlock_open(const struct landlock_plan *plan, struct oci_error *err);

/** landlock_enforce - on the calling process, with no_new_privs set. */
int landlock_enforce(int rules_fd, struct oci_error *err);

#endif
