/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stats.c - a small table by container ID.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "scale/stats.h"
#include "scale/view.h"

#define FRESH_US INT64_C(1000000)  /* asked again within this: the same answer */
#define STALE_US INT64_C(10000000) /* a sample before this long says nothing about now */
#define SHORT_US INT64_C(150000)   /* the shortest window */

static int64_t monotonic_us(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

void stats_free(struct stats *stats)
{
	free(stats->items);
	*stats = (struct stats){ 0 };
}

static struct stats_entry *entry_of(struct stats *stats, const char *id)
{
	struct stats_entry *entry;

	for (size_t i = 0; i < stats->len; i++)
		if (strcmp(stats->items[i].id, id) == 0)
			return &stats->items[i];
	if (stats->len == stats->size) {
		size_t size = stats->size ? stats->size * 2 : 16;
		struct stats_entry *grown = reallocarray(stats->items, size, sizeof(*grown));

		if (!grown)
			return NULL;
		stats->items = grown;
		stats->size = size;
	}
	entry = &stats->items[stats->len++];
	memset(entry, 0, sizeof(*entry));
	memcpy(entry->id, id, sizeof(entry->id));
	return entry;
}

static void sample_now(const struct replica *replica, struct sample *ret)
{
	if (sample_read(replica, ret, NULL) == 0)
		return;
	memset(ret, 0xff, sizeof(*ret)); /* all -1 */
	ret->at_us = monotonic_us();
}

const struct stats_entry *stats_take(struct stats *stats, const struct replica *replica)
{
	struct stats_entry *entry = entry_of(stats, replica->id);
	int64_t age;

	if (!entry)
		return NULL;
	entry->used = true;
	age = entry->now.at_us ? monotonic_us() - entry->now.at_us : INT64_MAX;
	if (age < (entry->has_before ? FRESH_US : SHORT_US))
		return entry;
	entry->has_before = age < STALE_US;
	if (entry->has_before)
		entry->before = entry->now;
	sample_now(replica, &entry->now);
	return entry;
}

void stats_sweep(struct stats *stats)
{
	size_t kept = 0;

	for (size_t i = 0; i < stats->len; i++) {
		if (!stats->items[i].used)
			continue;
		stats->items[i].used = false;
		if (kept != i)
			stats->items[kept] = stats->items[i];
		kept++;
	}
	stats->len = kept;
}

/* A counter's growth per second of time, in per cent, when both are of microseconds; -1: not known. */
static double percent(const struct stats_entry *entry, int64_t before, int64_t now)
{
	int64_t window = entry->now.at_us - entry->before.at_us;

	if (!entry->has_before || before < 0 || now < before || window <= 0)
		return -1;
	return 100.0 * (double)(now - before) / (double)window;
}

static double throttled_percent(const struct stats_entry *entry)
{
	int64_t periods = entry->now.periods - entry->before.periods;

	if (!entry->has_before || entry->before.periods < 0 || entry->now.throttled_periods < 0 ||
	    periods < 0)
		return -1;
	if (periods == 0)
		return 0;
	return 100.0 * (double)(entry->now.throttled_periods - entry->before.throttled_periods) /
	       (double)periods;
}

void stats_json(struct json *json, const struct stats_entry *entry, const struct replica *replica)
{
	const struct sample *now = &entry->now;
	const struct sample *before = &entry->before;

	view_replica_names(json, replica);
	json_time(json, "at", view_clock_ms());
	json_count(json, "cpuUsec", now->cpu_us);
	json_real(json, "cpuPercent", percent(entry, before->cpu_us, now->cpu_us));
	json_count(json, "cpuLimitMilli", replica->service->spec->resources.cpu_milli);
	json_count(json, "memory", now->memory);
	json_count(json, "memoryLimit", now->memory_limit);
	json_count(json, "pids", now->pids);
	json_count(json, "pidsLimit", replica->service->spec->resources.pids);
	json_real(json, "cpuPressure",
		  percent(entry, before->cpu_pressure_us, now->cpu_pressure_us));
	json_real(json, "memoryPressure",
		  percent(entry, before->memory_pressure_us, now->memory_pressure_us));
	json_real(json, "ioPressure", percent(entry, before->io_pressure_us, now->io_pressure_us));
	json_count(json, "throttledUsec", now->throttled_us);
	json_real(json, "throttledPercent", throttled_percent(entry));
	json_count(json, "oomKills", now->oom_kills);
	json_count(json, "readBytes", now->read_bytes);
	json_count(json, "writeBytes", now->write_bytes);
	json_count(json, "rxBytes", now->rx_bytes);
	json_count(json, "txBytes", now->tx_bytes);
}
