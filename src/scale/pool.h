/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pool.h - what the host can carry: cores and memory minus a reserve, or the supervisor's own cgroup limits when those are smaller.
 */
#ifndef CARTE_SCALE_POOL_H
#define CARTE_SCALE_POOL_H

#include <stdbool.h>
#include <stdint.h>

#include "scale/model.h"

struct oci_error;

struct pool {
	int64_t cpu_milli;      /* all that replicas may reserve together */
	int64_t memory;         /* bytes */
	int64_t memory_reserve; /* kept free for the host */
	int64_t available;      /* MemAvailable now */
	double memory_pressure; /* host's PSI memory, full, share of the own window, 0 to 1 */
	char limited_by[64];    /* "host" or the cgroup */
	int64_t psi_total_us, psi_at_ms; /* private */
};

/** pool_measure - reads /proc and the own cgroups. @pool: zeroed at first, kept between calls. */
int pool_measure(struct pool *pool, struct oci_error *err);

struct pool_wish {
	const struct service *service;
	unsigned wanted;
	unsigned
		held; /* that exist already, running or between two runs: they are not sent away when memory gets short */
	unsigned admitted; /* result */
	char reason[256];  /* result, when fewer: what is short, and by how much */
};

/**
 * pool_admit - share the pool by reservations: services with higher priority first, one replica each in turn within a priority.
 * A service without reservations needs nothing but MemAvailable above the reserve.
 */
void pool_admit(const struct pool *pool, struct pool_wish *wishes, size_t count);

#endif
