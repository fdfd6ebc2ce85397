/* SPDX-License-Identifier: Apache-2.0 */
/*
 * learn.c - what policy predict would have learned of a fortnight of a regular load, as the bytes that it keeps in the database.
 *
 *   learn FROM TO >BYTES    every day between FROM and TO (minutes of the day, local time) the load is 3.9 replicas on target, else half a one
 *
 * Up to the present minute; 32 starts were measured, each of 30 seconds. The load is counted in web_connections, 100 a replica.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/fnv.h"
#include "scale/predict.h"

#define DAYS 14
#define MINUTES_OF_DAY 1440
#define START_S 30

static double load_at(time_t when, int from, int to)
{
	struct tm tm;
	int minute;

	if (!localtime_r(&when, &tm))
		return 0;
	minute = tm.tm_hour * 60 + tm.tm_min;
	return minute >= from && minute < to ? 3.9 : 0.5;
}

/* As scaler_predict.c has it: of another unit nothing would be known. */
static uint32_t unit_of(const struct spec_metric *metric)
{
	uint32_t hash = fnv_add(FNV_BEGIN, &metric->kind, sizeof(metric->kind));
	int64_t whole = 0;

	hash = fnv_add(hash, metric->name, strlen(metric->name) + 1);
	hash = fnv_add(hash, metric->path, strlen(metric->path) + 1);
	hash = fnv_add(hash, &metric->port, sizeof(metric->port));
	hash = fnv_add(hash, &metric->target, sizeof(metric->target));
	return fnv_add(hash, &whole, sizeof(whole));
}

int main(int argc, char **argv)
{
	struct spec_metric metric = { .kind = SPEC_METRIC_HTTP,
				      .name = "web_connections",
				      .path = "/metrics",
				      .port = 80,
				      .target = 100 };
	int from = argc == 3 ? atoi(argv[1]) : 0, to = argc == 3 ? atoi(argv[2]) : 0;
	struct predict *predict = NULL;
	time_t now = time(NULL);
	void *bytes = NULL;
	size_t length = 0;

	if (from < 0 || to <= from || to > MINUTES_OF_DAY) {
		fprintf(stderr, "usage: learn FROM TO >BYTES\n");
		return 2;
	}
	if (predict_new(&predict) < 0)
		return 1;
	predict_unit(predict, unit_of(&metric));
	for (int i = 0; i < PREDICT_DELAYS; i++)
		predict_started(predict, i + 1, START_S);
	for (time_t t = now - (time_t)DAYS * MINUTES_OF_DAY * 60; t <= now; t += 60)
		if (predict_measure(predict, t, load_at(t, from, to)) < 0)
			return 1;
	if (predict_save(predict, &bytes, &length) < 0)
		return 1;
	if (fwrite(bytes, 1, length, stdout) != length || fflush(stdout) != 0)
		return 1;
	free(bytes);
	predict_free(predict);
	return 0;
}
