/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pool-private.h - the pure parts of pool.h.
 */
#ifndef CARTE_SCALE_POOL_PRIVATE_H
#define CARTE_SCALE_POOL_PRIVATE_H

#include "scale/pool.h"

/** pool_meminfo - bytes of a line of /proc/meminfo's text; -1: not there. */
int64_t pool_meminfo(const char *text, const char *key);
/** pool_cpu_limit - thousandths of a core that the cgroup @folder allows (cpu.max, or v1's quota); -1: no limit. */
int64_t pool_cpu_limit(int folder, bool v2);
int64_t pool_memory_limit(int folder, bool v2);
/** pool_reserve - what is kept free of @memory bytes: a sixteenth, between 64 MiB and 1 GiB. */
int64_t pool_reserve(int64_t memory);

#endif
