/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sampler-private.h - files of a cgroup, read from any folder: tests make their own.
 */
#ifndef CARTE_SCALE_SAMPLER_PRIVATE_H
#define CARTE_SCALE_SAMPLER_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>

#include "scale/sampler.h"

/** sampler_number - of a file that is one number, "max" is -1; -1: not to be had. */
int64_t sampler_number(int folder, const char *name);
/** sampler_key - of "KEY NUMBER" lines. */
int64_t sampler_key(int folder, const char *name, const char *key);
/** sampler_pressure - total of the line @kind ("some", "full"), us. */
int64_t sampler_pressure(int folder, const char *name, const char *kind);

/** sampler_v2, sampler_v1 - fill what is there; @folder of v1: that of one controller, each tries what it has. */
void sampler_v2(int folder, struct sample *ret);
void sampler_v1(int folder, struct sample *ret);
/** sampler_net - of the text of /proc/PID/net/dev. */
void sampler_net(const char *text, struct sample *ret);

/** cgroup_each - the folder of each hierarchy in which @path is, or where the process @pid is. */
int cgroup_each(const char *path, pid_t pid, void (*visit)(void *ctx, int folder, bool v2),
		void *ctx);

#endif
