/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stats.h - two samples of each running replica, so that counters become rates. Nothing is read while nobody asks.
 */
#ifndef CARTE_SCALE_STATS_H
#define CARTE_SCALE_STATS_H

#include "scale/json.h"
#include "scale/sampler.h"

struct stats_entry {
	char id[REPLICA_ID_SIZE];
	bool has_before, used;
	struct sample before, now;
};

/** struct stats - zeroed at first. */
struct stats {
	struct stats_entry *items;
	size_t len, size;
};

void stats_free(struct stats *stats);

/**
 * stats_take - sample a replica that runs, unless that was done within the last second.
 * Return: its entry, valid until the next call; NULL: no memory.
 */
const struct stats_entry *stats_take(struct stats *stats, const struct replica *replica);
/** stats_sweep - forget those that were not asked for since the last sweep. */
void stats_sweep(struct stats *stats);

/** stats_json - the members of {id,name,...}; the object is the caller's. */
void stats_json(struct json *json, const struct stats_entry *entry, const struct replica *replica);

#endif
