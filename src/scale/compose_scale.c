/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compose_scale.c - x-carte.scale.
 */

#include "scale/autoscale.h"
#include "scale/compose-private.h"

#define DAY_MS INT64_C(86400000)
#define HOUR_MS INT64_C(3600000)

static const char *const metric_words[] = { "cpu",       "memory", "cpu-pressure",
					    "throttled", "http",   NULL };
static const char *const balance_words[] = { "round-robin", "least-connections", NULL };
static const char *const mode_words[] = { "forecast-only", "act", NULL };

struct windows {
	int64_t *up, *down;
};

struct from_scale {
	struct spec_scale scale;
	struct spec_metric single; /* metric and target of the short form */
	bool has_policy, has_predict;
};

/* Prometheus: name{label="value",...} */
static int read_metric_name(struct reader *reader, const struct at *at, void *slot,
			    const struct row *row)
{
	const char *text;
	size_t n;
	int r = read_string(reader, at, &text, row);

	if (r < 0)
		return r;
	n = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_:");
	if (n == 0 || (*text >= '0' && *text <= '9') ||
	    (text[n] && (text[n] != '{' || text[strlen(text) - 1] != '}')))
		return fail_expected(reader, at,
				     "a metric's name such as sessions or sessions{room=\"a\"}");
	*(const char **)slot = text;
	return 0;
}

static int read_metric_path(struct reader *reader, const struct at *at, void *slot,
			    const struct row *row)
{
	int r = read_string(reader, at, slot, row);

	if (r == 0 && (*at->node->text != '/' || strchr(at->node->text, ' ')))
		return fail_expected(reader, at, "a path such as /metrics");
	return r;
}

static int read_metric_port(struct reader *reader, const struct at *at, void *slot,
			    const struct row *row)
{
	(void)row;
	return at->node->kind == NODE_SCALAR && value_port(at->node->text, slot) == 0
		       ? 0
		       : fail_expected(reader, at, "a port from 1 to 65535");
}

static int read_metric_word(struct reader *reader, const struct at *at, void *slot,
			    const struct row *row)
{
	int index;
	int r = read_word(reader, at, metric_words, &index);

	(void)row;
	if (r == 0)
		*(enum spec_metric_kind *)slot = (enum spec_metric_kind)(index + 1);
	return r;
}

static const struct row metric_rows[] = {
	ROW("metric", read_metric_word, offsetof(struct spec_metric, kind)),
	ROW("name", read_metric_name, offsetof(struct spec_metric, name)),
	ROW("port", read_metric_port, offsetof(struct spec_metric, port)),
	ROW("path", read_metric_path, offsetof(struct spec_metric, path)),
	ROW("target", read_percent, offsetof(struct spec_metric, target), .min = 0,
	    .max = 1000000000),
	ROWS_END
};

static int add_metric(struct reader *reader, const struct at *at, struct spec_scale *scale,
		      struct spec_metric *metric)
{
	struct spec_metric *more;
	bool http = metric->kind == SPEC_METRIC_HTTP;

	if (!metric->kind)
		return fail(reader, at, "metric is missing");
	if (!(metric->target > 0))
		return fail(reader, at, "a metric needs a target greater than 0");
	if (http && (!metric->name || !metric->port))
		return fail(reader, at, "metric http needs %s", metric->name ? "port" : "name");
	if (!http && (metric->name || metric->port || metric->path))
		return fail(reader, at, "name, port and path are of metric http");
	if (http && !metric->path)
		metric->path = "/metrics";
	if (scale->metrics_len == 16)
		return fail(reader, at, "more than 16 metrics");
	more = array_more(reader->arena, scale->metrics, &scale->metrics_len, sizeof(*more));
	if (!more)
		return fail_nomem(reader);
	scale->metrics = more;
	more[scale->metrics_len - 1] = *metric;
	return 0;
}

static int read_metrics(struct reader *reader, const struct at *at, void *slot,
			const struct row *row)
{
	struct from_scale *from = slot;
	int r = need_list(reader, at);

	(void)row;
	for (size_t i = 0; r == 0 && i < at->node->len; i++) {
		struct at item = at_index(at, i);
		struct spec_metric metric = { 0 };

		r = read_map(reader, &item, metric_rows, &metric);
		if (r == 0)
			r = add_metric(reader, &item, &from->scale, &metric);
	}
	return r;
}

static int read_policy(struct reader *reader, const struct at *at, void *slot,
		       const struct row *row)
{
	struct from_scale *from = slot;
	int index;
	int r = read_word(reader, at, spec_scale_policies, &index);

	(void)row;
	if (r == 0)
		from->scale.policy = (enum spec_scale_policy)index;
	from->has_policy = true;
	return r;
}

static int read_balance(struct reader *reader, const struct at *at, void *slot,
			const struct row *row)
{
	int index;
	int r = read_word(reader, at, balance_words, &index);

	(void)row;
	if (r == 0)
		*(bool *)slot = index == 1;
	return r;
}

static int read_cron(struct reader *reader, const struct at *at, void *slot, const struct row *row)
{
	struct oci_error why = OCI_ERROR_INIT;
	int r = read_string(reader, at, slot, row);

	if (r == 0 && calendar_check(at->node->text, &why) < 0)
		return fail(reader, at, "%s", why.message);
	return r;
}

static const struct row calendar_rows[] = {
	ROW("cron", read_cron, offsetof(struct spec_calendar, cron)),
	ROW("duration", read_time, offsetof(struct spec_calendar, duration_ms), .min = 1000),
	ROW("min", read_int, offsetof(struct spec_calendar, min), .min = 1,
	    .max = COMPOSE_REPLICAS_MAX),
	ROWS_END
};

static int read_calendar(struct reader *reader, const struct at *at, void *slot,
			 const struct row *row)
{
	struct spec_scale *scale = &((struct from_scale *)slot)->scale;
	int r = need_list(reader, at);

	(void)row;
	for (size_t i = 0; r == 0 && i < at->node->len; i++) {
		struct at item = at_index(at, i);
		struct spec_calendar entry = { .duration_ms = -1, .min = -1 }, *more;

		r = read_map(reader, &item, calendar_rows, &entry);
		if (r < 0)
			break;
		if (!entry.cron || entry.duration_ms < 0 || entry.min < 0)
			return fail(reader, &item, "%s is missing",
				    !entry.cron             ? "cron"
				    : entry.duration_ms < 0 ? "duration"
							    : "min");
		if (entry.duration_ms > 7 * DAY_MS)
			return fail(reader, &item, "duration: at most a week");
		if (scale->calendar_len == 256)
			return fail(reader, at, "more than 256 entries");
		more = array_more(reader->arena, scale->calendar, &scale->calendar_len,
				  sizeof(*more));
		if (!more)
			return fail_nomem(reader);
		scale->calendar = more;
		more[scale->calendar_len - 1] = entry;
	}
	return r;
}

static const struct row rate_rows[] = {
	ROW("replicas", read_int, offsetof(struct spec_rate, replicas), .min = 1,
	    .max = COMPOSE_REPLICAS_MAX),
	ROW("percent", read_percent, offsetof(struct spec_rate, percent), .min = 1, .max = 100000),
	ROW("period", read_time, offsetof(struct spec_rate, period_ms), .min = 100), ROWS_END
};

static int read_rate(struct reader *reader, const struct at *at, void *slot, const struct row *row)
{
	struct spec_rate rate = { .replicas = -1, .percent = -1, .period_ms = 15000 };
	int r = read_map(reader, at, rate_rows, &rate);

	(void)row;
	if (r == 0 && rate.replicas < 0 && rate.percent < 0)
		return fail(reader, at, "expected replicas, percent or both");
	if (r == 0)
		*(struct spec_rate *)slot = rate;
	return r;
}

static int read_mode_word(struct reader *reader, const struct at *at, void *slot,
			  const struct row *row)
{
	int index;
	int r = read_word(reader, at, mode_words, &index);

	(void)row;
	if (r == 0)
		*(bool *)slot = index == 1;
	return r;
}

static int read_quantile(struct reader *reader, const struct at *at, void *slot,
			 const struct row *row)
{
	double value = 0;
	int r = read_number(reader, at, &value, row);

	if (r == 0 && !(value >= 0.5 && value <= 0.999))
		return fail_expected(reader, at, "a number from 0.5 to 0.999");
	*(double *)slot = value;
	return r;
}

static int read_horizon(struct reader *reader, const struct at *at, void *slot,
			const struct row *row)
{
	int r = read_time(reader, at, slot, row);

	if (r == 0 && *(int64_t *)slot > HOUR_MS)
		return fail_expected(reader, at, "at most an hour");
	return r;
}

static const struct row predict_rows[] = {
	ROW("mode", read_mode_word, offsetof(struct spec_predict, act)),
	ROW("quantile", read_quantile, offsetof(struct spec_predict, quantile), .min = 0, .max = 1),
	ROW("horizon", read_horizon, offsetof(struct spec_predict, horizon_ms), .min = 1000),
	ROW("weight", read_number, offsetof(struct spec_predict, weight), .min = 1, .max = 1000000),
	ROW("churn", read_time, offsetof(struct spec_predict, churn_ms), .min = 0),
	ROW("capacity", read_percent, offsetof(struct spec_predict, capacity), .min = 10,
	    .max = 10000),
	ROWS_END
};

static int read_predict(struct reader *reader, const struct at *at, void *slot,
			const struct row *row)
{
	struct from_scale *from = slot;

	(void)row;
	from->has_predict = true;
	return read_map(reader, at, predict_rows, &from->scale.predict);
}

#define SCALE(member) offsetof(struct from_scale, scale.member)

static const struct row window_rows[] = { ROW("up", read_time, SCALE(window_up_ms)),
					  ROW("down", read_time, SCALE(window_down_ms)), ROWS_END };
static const struct row rates_rows[] = { ROW("up", read_rate, SCALE(up)),
					 ROW("down", read_rate, SCALE(down)), ROWS_END };
static const struct row scale_rows[] = {
	ROW("min", read_int, SCALE(min), .min = 0, .max = COMPOSE_REPLICAS_MAX),
	ROW("max", read_int, SCALE(max), .min = 1, .max = COMPOSE_REPLICAS_MAX),
	ROW("policy", read_policy, 0),
	ROW("predict", read_predict, 0),
	ROW("metric", read_metric_word, offsetof(struct from_scale, single.kind)),
	ROW("target", read_percent, offsetof(struct from_scale, single.target), .min = 0,
	    .max = 1000000000),
	ROW("metrics", read_metrics, 0),
	ROW("tolerance", read_number, SCALE(tolerance), .min = 0, .max = 1),
	ROW("period", read_time, SCALE(period_ms), .min = 100),
	ROW("windows", read_rows, 0, .rows = window_rows),
	ROW("rates", read_rows, 0, .rows = rates_rows),
	ROW("calendar", read_calendar, 0),
	ROW("drain", read_time, SCALE(drain_ms)),
	ROW("priority", read_int, SCALE(priority), .min = -1000, .max = 1000),
	ROW("balance", read_balance, SCALE(least_connections)),
	ROWS_END
};

static const struct spec_scale not_given = {
	.min = -1,
	.max = -1,
	.tolerance = 0.1,
	.period_ms = 2000,
	.window_down_ms = 60000,
	.up = { .replicas = 4, .percent = 100, .period_ms = 15000 },
	.down = { .replicas = -1, .percent = 100, .period_ms = 15000 },
	.drain_ms = -1,
	.predict = { .quantile = 0.95,
		     .horizon_ms = -1,
		     .weight = 100,
		     .churn_ms = 10000,
		     .capacity = -1 },
};

static int check_policy(struct reader *reader, const struct at *at, struct from_scale *from)
{
	struct spec_scale *scale = &from->scale;

	if (!from->has_policy)
		scale->policy = scale->metrics_len    ? SPEC_SCALE_TARGET
				: scale->calendar_len ? SPEC_SCALE_CALENDAR
						      : SPEC_SCALE_MANUAL;
	if (spec_scale_measures(scale) && !scale->metrics_len)
		return fail(reader, at, "policy %s needs metric and target, or metrics",
			    spec_scale_policies[scale->policy]);
	if (from->has_predict && scale->policy != SPEC_SCALE_PREDICT)
		return fail(reader, at, "predict is of policy predict");
	if (scale->policy == SPEC_SCALE_CALENDAR && !scale->calendar_len)
		return fail(reader, at, "policy calendar needs calendar");
	if (scale->policy != SPEC_SCALE_MANUAL && scale->max < 0)
		return fail(reader, at, "max is missing: how far may policy %s grow?",
			    spec_scale_policies[scale->policy]);
	for (size_t i = 0; i < scale->calendar_len; i++)
		if (scale->max >= 0 && scale->calendar[i].min > scale->max)
			return fail(reader, at, "calendar[%zu].min %lld is more than max %lld", i,
				    (long long)scale->calendar[i].min, (long long)scale->max);
	return 0;
}

int read_carte_scale(struct reader *reader, const struct at *at, void *slot, const struct row *row)
{
	struct from_scale from = { .scale = not_given };
	int r = read_map(reader, at, scale_rows, &from);

	(void)row;
	if (r < 0)
		return r;
	from.scale.given = true;
	if (from.single.kind && from.scale.metrics_len)
		return fail(reader, at, "metric and metrics: expected one of them");
	if (from.single.target > 0 && !from.single.kind)
		return fail(reader, at, "target without metric");
	if (from.single.kind == SPEC_METRIC_HTTP)
		return fail(reader, at, "metric http has a name and a port: write it in metrics");
	if (from.single.kind)
		r = add_metric(reader, at, &from.scale, &from.single);
	if (r == 0)
		r = check_policy(reader, at, &from);
	if (r == 0)
		*(struct spec_scale *)slot = from.scale;
	return r;
}

/* @at: the service. Once all of it is read, as replicas is part of it. */
int scale_defaults(struct reader *reader, const struct at *at, struct spec_service *service,
		   bool replicas_given)
{
	struct spec_scale *scale = &service->scale;

	if (!scale->given)
		*scale = not_given;
	if (scale->min < 0)
		scale->min = scale->policy == SPEC_SCALE_MANUAL ? 0 : 1;
	if (scale->max < 0)
		scale->max = COMPOSE_REPLICAS_MAX;
	if (scale->min > scale->max)
		return fail(reader, at, "x-carte.scale: min %lld is more than max %lld",
			    (long long)scale->min, (long long)scale->max);
	if (!replicas_given && service->replicas < scale->min)
		service->replicas = scale->min;
	if (service->replicas < scale->min || service->replicas > scale->max)
		return fail(reader, at,
			    "%lld replicas are not between x-carte.scale's min %lld and "
			    "max %lld",
			    (long long)service->replicas, (long long)scale->min,
			    (long long)scale->max);
	return 0;
}
