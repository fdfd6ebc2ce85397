/* SPDX-License-Identifier: Apache-2.0 */
/*
 * result.c - what is measured is put into its place; report.c tells it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "result.h"

static const struct {
	const char *name;
	enum service service;
} steps[STEPS] = {
	[STEP_CONFIG] = { "config", SERVICE_LOGIN },
	[STEP_LOGIN] = { "login", SERVICE_LOGIN },
	[STEP_LIST] = { "asset list", SERVICE_ASSET },
	[STEP_ASSET] = { "asset first byte", SERVICE_ASSET },
	[STEP_FETCH] = { "asset whole", SERVICE_ASSET },
	[STEP_MAP] = { "map", SERVICE_MAP },
	[STEP_HEIGHT] = { "height", SERVICE_MAP },
	[STEP_LIVE] = { "map join", SERVICE_MAP },
	[STEP_READY] = { "map ready", SERVICE_MAP },
	[STEP_EDIT] = { "map edit shown", SERVICE_MAP },
	[STEP_HELLO] = { "game hello", SERVICE_GAME },
	[STEP_MOVE] = { "game round trip", SERVICE_GAME },
	[STEP_WIRE] = { "game on the wire", SERVICE_GAME },
	[STEP_TICK] = { "game tick", SERVICE_GAME },
	[STEP_PAGE] = { "game page join", SERVICE_GAME },
	[STEP_PING] = { "game page ping", SERVICE_GAME },
	[STEP_CHAT] = { "chat shown", SERVICE_GAME },
	[STEP_REJOIN] = { "rejoin", SERVICE_GAME },
};

static const char *const services[SERVICES] = { "login", "asset", "map", "game" };

const char *step_name(enum step step)
{
	return steps[step].name;
}

enum service step_service(enum step step)
{
	return steps[step].service;
}

const char *service_name(enum service service)
{
	return services[service];
}

uint64_t clock_us(void)
{
	struct timespec now = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

int result_new(struct result *result, unsigned seconds)
{
	memset(result, 0, sizeof(*result));
	result->seconds_max = seconds;
	result->seconds = calloc(seconds, sizeof(*result->seconds));
	result->replicas = calloc(REPLICAS_MAX, sizeof(*result->replicas));
	if (result->seconds && result->replicas)
		return 0;
	result_free(result);
	return -ENOMEM;
}

void result_free(struct result *result)
{
	free(result->seconds);
	free(result->replicas);
	result->seconds = NULL;
	result->replicas = NULL;
}

static struct replica *replica_find(struct result *result, enum service service, const char *name)
{
	struct replica *replica;

	for (size_t i = 0; i < result->replicas_len; i++)
		if (result->replicas[i].service == service &&
		    strcmp(result->replicas[i].name, name) == 0)
			return &result->replicas[i];
	if (result->replicas_len == REPLICAS_MAX)
		return NULL;
	replica = &result->replicas[result->replicas_len++];
	replica->service = service;
	(void)snprintf(replica->name, sizeof(replica->name), "%s", name);
	replica->first_us = clock_us() - result->begin_us;
	return replica;
}

void result_between(struct result *result, enum step step, uint64_t intended_us, uint64_t done_us,
		    const char *replica)
{
	uint64_t us = done_us > intended_us ? done_us - intended_us : 0;
	struct replica *who;

	hist_add(&result->steps[step].hist, us);
	hist_add(&result->steps[step].second, us);
	if (!replica || !*replica)
		return;
	who = replica_find(result, steps[step].service, replica);
	if (!who)
		return;
	who->last_us = done_us - result->begin_us;
	hist_add(&who->hist, us);
}

void result_ok(struct result *result, enum step step, uint64_t intended_us, const char *replica)
{
	result_between(result, step, intended_us, clock_us(), replica);
}

void result_failed(struct result *result, enum step step, enum kind kind, const char *words)
{
	struct step_result *of = &result->steps[step];

	if (of->failed[kind]++ == 0)
		(void)snprintf(of->words[kind], sizeof(of->words[kind]), "at %.1f s: %s",
			       (double)(clock_us() - result->begin_us) / 1e6, words);
}

static uint64_t failures(const struct result *result)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < STEPS; i++)
		for (size_t j = 0; j < KINDS; j++)
			sum += result->steps[i].failed[j];
	return sum;
}

void result_second(struct result *result, unsigned online)
{
	struct step_result *of = result->steps;
	struct second all = { .logins = of[STEP_LOGIN].hist.count,
			      .bytes = result->bytes,
			      .sent = result->sent,
			      .lost = result->lost + result->lost_with_replica,
			      .failed = failures(result) };

	if (result->seconds_len < result->seconds_max)
		result->seconds[result->seconds_len++] = (struct second){
			.online = online,
			.login_p95 = hist_quantile(&of[STEP_LOGIN].second, 0.95),
			.asset_p95 = hist_quantile(&of[STEP_ASSET].second, 0.95),
			.ready_max = of[STEP_READY].second.max_us,
			.move_p50 = hist_quantile(&of[STEP_MOVE].second, 0.5),
			.move_p99 = hist_quantile(&of[STEP_MOVE].second, 0.99),
			.logins = all.logins - result->before.logins,
			.bytes = all.bytes - result->before.bytes,
			.sent = all.sent - result->before.sent,
			.lost = all.lost - result->before.lost,
			.failed = all.failed - result->before.failed,
		};
	for (size_t i = 0; i < STEPS; i++)
		hist_reset(&of[i].second);
	result->before = all;
}
