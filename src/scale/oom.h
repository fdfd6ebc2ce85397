/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oom.h - is told by the kernel when it kills a process of a cgroup for want of memory: cgroup v2 changes memory.events (inotify), v1
 * writes to an eventfd (Documentation/admin-guide/cgroup-v1/memory.rst, section 10). Nothing is polled.
 */
#ifndef CARTE_SCALE_OOM_H
#define CARTE_SCALE_OOM_H

#include <stdint.h>

#include "scale/loop.h"

struct oom;
struct oci_error;

/** oom_new - @killed is called once for each kill or for several at once, with the ctx of oom_add. */
int oom_new(struct loop *loop, void (*killed)(void *ctx), struct oom **ret, struct oci_error *err);
void oom_free(struct oom *oom); /* NULL is fine */

/**
 * oom_add - watch the cgroup @path ("/carte/web/ID"), or the one that @pid is in where systemd or an ordinary user's runtime has made it
 * ("carte.slice:carte:ID", "carte/web/ID"). 0, or -errno: there is no memory controller.
 */
int oom_add(struct oom *oom, const char *path, pid_t pid, void *ctx);
/** oom_remove - whatever was added for @ctx; idempotent. */
void oom_remove(struct oom *oom, const void *ctx);
/** oom_kills - of the cgroup that is watched for @ctx, so far; 0 also where there is no telling. Before oom_remove. */
int64_t oom_kills(const struct oom *oom, const void *ctx);

#endif
