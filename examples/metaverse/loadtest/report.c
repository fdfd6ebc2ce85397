/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report.c - the result as JSON for programs, as tables for people, and against the limits.
 */
#include <inttypes.h>
#include <string.h>

#include "common/json.h"
#include "result.h"

static const char *const kinds[KINDS] = { "refused",    "reset",      "timeout", "closed",
					  "status 4xx", "status 5xx", "wrong",   "other" };
static const char *const causes[CAUSES] = { "moved", "closed", "silent" };

static double ms(uint64_t us)
{
	return (double)us / 1000;
}

static double percent(uint64_t part, uint64_t whole)
{
	return whole ? 100 * (double)part / (double)whole : 0;
}

static uint64_t failed(const struct step_result *step)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < KINDS; i++)
		sum += step->failed[i];
	return sum;
}

static unsigned dropped(const struct result *result)
{
	unsigned sum = 0;

	for (size_t i = 0; i < SERVICES; i++)
		sum += result->dropped[i];
	return sum;
}

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

static void put_hist(FILE *out, const struct hist *hist)
{
	fprintf(out,
		"\"count\":%" PRIu64
		",\"mean_ms\":%.3f,\"p50_ms\":%.3f,\"p95_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f",
		hist->count, hist->count ? ms(hist->sum_us) / (double)hist->count : 0,
		ms(hist_quantile(hist, 0.5)), ms(hist_quantile(hist, 0.95)),
		ms(hist_quantile(hist, 0.99)), ms(hist->max_us));
}

static void put_steps(const struct result *result, FILE *out)
{
	fputs("\"steps\":{", out);
	for (size_t i = 0; i < STEPS; i++) {
		const struct step_result *step = &result->steps[i];
		const char *before = "";

		fprintf(out, "%s\n ", i ? "," : "");
		json_write_string(out, step_name((enum step)i));
		fputs(":{", out);
		put_hist(out, &step->hist);
		fputs(",\"failed\":{", out);
		for (size_t j = 0; j < KINDS; j++) {
			if (!step->failed[j])
				continue;
			fprintf(out, "%s\"%s\":{\"count\":%" PRIu64 ",\"first\":", before, kinds[j],
				step->failed[j]);
			json_write_string(out, step->words[j]);
			fputc('}', out);
			before = ",";
		}
		fputs("}}", out);
	}
	fputs("}", out);
}

static void put_replicas(const struct result *result, FILE *out)
{
	fputs("\"replicas\":[", out);
	for (size_t i = 0; i < result->replicas_len; i++) {
		const struct replica *replica = &result->replicas[i];

		fprintf(out, "%s\n {\"service\":\"%s\",\"name\":", i ? "," : "",
			service_name(replica->service));
		json_write_string(out, replica->name);
		fprintf(out, ",\"first_s\":%.1f,\"last_s\":%.1f,", (double)replica->first_us / 1e6,
			(double)replica->last_us / 1e6);
		put_hist(out, &replica->hist);
		fputc('}', out);
	}
	fputs("]", out);
}

static void put_seconds(const struct result *result, FILE *out)
{
	fputs("\"seconds\":[", out);
	for (size_t i = 0; i < result->seconds_len; i++) {
		const struct second *s = &result->seconds[i];

		fprintf(out,
			"%s\n {\"online\":%u,\"logins\":%" PRIu64
			",\"login_p95_ms\":%.3f,\"asset_p95_ms\":%.3f,\"ready_max_ms\":%.3f,"
			"\"move_p50_ms\":%.3f,\"move_p99_ms\":%.3f,\"bytes\":%" PRIu64
			",\"sent\":%" PRIu64 ",\"lost\":%" PRIu64 ",\"failed\":%" PRIu64 "}",
			i ? "," : "", s->online, s->logins, ms(s->login_p95), ms(s->asset_p95),
			ms(s->ready_max), ms(s->move_p50), ms(s->move_p99), s->bytes, s->sent,
			s->lost, s->failed);
	}
	fputs("]", out);
}

void report_json(const struct result *result, FILE *out)
{
	fprintf(out, "{\"students\":%u,\"arrived\":%u,\"dropped\":{", result->students,
		result->arrived);
	for (size_t i = 0; i < SERVICES; i++)
		fprintf(out, "%s\"%s\":%u", i ? "," : "", service_name((enum service)i),
			result->dropped[i]);
	fputs("},\n\"rejoins\":{", out);
	for (size_t i = SERVICE_MAP; i < SERVICES; i++) {
		fprintf(out, "%s\"%s\":{", i > SERVICE_MAP ? "," : "",
			service_name((enum service)i));
		for (size_t j = 0; j < CAUSES; j++)
			fprintf(out, "%s\"%s\":%" PRIu64, j ? "," : "", causes[j],
				result->rejoins[i][j]);
		fputc('}', out);
	}
	fprintf(out,
		"},\n\"positions\":{\"sent\":%" PRIu64 ",\"answered\":%" PRIu64 ",\"lost\":%" PRIu64
		",\"lost_with_replica\":%" PRIu64 ",\"longest_gap_ms\":%.1f,\"states\":%" PRIu64
		",\"state_bytes\":%" PRIu64 ",\"seen_least\":%u,\"seen_most\":%u},\n"
		"\"edits\":{\"due\":%" PRIu64 ",\"shown\":%" PRIu64 "},\"chats\":{\"due\":%" PRIu64
		",\"shown\":%" PRIu64 "},\"asset_bytes\":%" PRIu64 ",\n\"generator\":{",
		result->sent, result->answered, result->lost, result->lost_with_replica,
		ms(result->longest_gap_us), result->states, result->state_bytes, result->seen_least,
		result->seen_most, result->edits_due, result->edits_shown, result->chats_due,
		result->chats_shown, result->bytes);
	fprintf(out, "\"cpu_s\":%.2f,", result->cpu_s);
	put_hist(out, &result->late);
	fputs("},\n", out);
	put_steps(result, out);
	fputs(",\n", out);
	put_replicas(result, out);
	fputs(",\n", out);
	put_seconds(result, out);
	fputs("}\n", out);
}

/* ---- tables ------------------------------------------------------------------------------------------------------ */

static void text_steps(const struct result *result, FILE *out)
{
	fprintf(out, "%-18s %9s %9s %9s %9s %9s %8s\n", "step", "done", "p50 ms", "p95 ms",
		"p99 ms", "max ms", "failed");
	for (size_t i = 0; i < STEPS; i++) {
		const struct hist *hist = &result->steps[i].hist;

		if (hist->count == 0 && failed(&result->steps[i]) == 0)
			continue;
		fprintf(out, "%-18s %9" PRIu64 " %9.2f %9.2f %9.2f %9.2f %8" PRIu64 "\n",
			step_name((enum step)i), hist->count, ms(hist_quantile(hist, 0.5)),
			ms(hist_quantile(hist, 0.95)), ms(hist_quantile(hist, 0.99)),
			ms(hist->max_us), failed(&result->steps[i]));
	}
	for (size_t i = 0; i < STEPS; i++)
		for (size_t j = 0; j < KINDS; j++)
			if (result->steps[i].failed[j])
				fprintf(out, "failed: %s, %s: %" PRIu64 "; the first %s\n",
					step_name((enum step)i), kinds[j],
					result->steps[i].failed[j], result->steps[i].words[j]);
}

static void text_replicas(const struct result *result, FILE *out)
{
	fprintf(out, "\n%-8s %-28s %9s %9s %9s %15s\n", "service", "replica", "answers", "p50 ms",
		"p99 ms", "seen, s");
	for (size_t s = 0; s < SERVICES; s++)
		for (size_t i = 0; i < result->replicas_len; i++) {
			const struct replica *r = &result->replicas[i];

			if (r->service == s)
				fprintf(out, "%-8s %-28s %9" PRIu64 " %9.2f %9.2f %7.1f-%.1f\n",
					service_name(r->service), r->name, r->hist.count,
					ms(hist_quantile(&r->hist, 0.5)),
					ms(hist_quantile(&r->hist, 0.99)),
					(double)r->first_us / 1e6, (double)r->last_us / 1e6);
		}
}

void report_text(const struct result *result, FILE *out)
{
	text_steps(result, out);
	text_replicas(result, out);
	fprintf(out,
		"\npositions: %" PRIu64 " sent, %" PRIu64 " answered, %" PRIu64 " lost, %" PRIu64
		" on their way to a replica that ended; the longest gap %.0f ms\n",
		result->sent, result->answered, result->lost, result->lost_with_replica,
		ms(result->longest_gap_us));
	fprintf(out,
		"states: %" PRIu64 " (%.1f MB), at the end with %u to %u players; the generator "
		"was late by p50 %.2f, p99 %.2f, at most %.2f ms\n",
		result->states, (double)result->state_bytes / 1e6, result->seen_least,
		result->seen_most, ms(hist_quantile(&result->late, 0.5)),
		ms(hist_quantile(&result->late, 0.99)), ms(result->late.max_us));
	fprintf(out,
		"shown to the others: %" PRIu64 " of %" PRIu64 " edits, %" PRIu64 " of %" PRIu64
		" chats; assets: %.1f MB\n",
		result->edits_shown, result->edits_due, result->chats_shown, result->chats_due,
		(double)result->bytes / 1e6);
	for (size_t i = SERVICE_MAP; i < SERVICES; i++)
		fprintf(out,
			"rejoins, %s: %" PRIu64 " moved, %" PRIu64 " closed, %" PRIu64 " silent\n",
			service_name((enum service)i), result->rejoins[i][CAUSE_MOVED],
			result->rejoins[i][CAUSE_CLOSED], result->rejoins[i][CAUSE_SILENT]);
}

/* ---- limits ------------------------------------------------------------------------------------------------------ */

#define LATE_MS 25 /* p99 of the generator's own delay, above which latencies are not judged */

struct limit {
	const char *name, *unit;
	double at_most, measured;
	uint64_t count; /* of what it was measured on: nothing measured keeps no limit */
	bool latency;
};

static const char *judge(const struct limit *limit, bool busy, enum verdict *verdict)
{
	if (limit->count == 0) {
		*verdict = VERDICT_BROKEN;
		return "NOT MEASURED";
	}
	if (limit->measured <= limit->at_most)
		return "kept";
	if (!limit->latency)
		*verdict = VERDICT_BROKEN;
	else if (*verdict == VERDICT_KEPT)
		*verdict = busy ? VERDICT_BUSY : VERDICT_SLOW;
	if (limit->latency && busy)
		return "NOT JUDGED";
	return "BROKEN";
}

enum verdict report_limits(const struct result *result, FILE *out)
{
	const struct hist *login = &result->steps[STEP_LOGIN].hist;
	const struct hist *asset = &result->steps[STEP_ASSET].hist;
	const struct hist *ready = &result->steps[STEP_READY].hist;
	const struct hist *move = &result->steps[STEP_MOVE].hist;
	double late = ms(hist_quantile(&result->late, 0.99));
	const struct limit limits[] = {
		{ "login, p95", "ms", 500, ms(hist_quantile(login, 0.95)), login->count, true },
		{ "asset, first byte, p95", "ms", 1000, ms(hist_quantile(asset, 0.95)),
		  asset->count, true },
		{ "map ready, slowest", "ms", 15000, ms(ready->max_us), ready->count, true },
		{ "game round trip, p99", "ms", 50, ms(hist_quantile(move, 0.99)), move->count,
		  true },
		{ "positions lost", "%", 0.1, percent(result->lost, result->sent), result->sent,
		  false },
		{ "students dropped", "", 0, dropped(result), result->arrived, false },
		{ "students not arrived", "", 0, result->students - result->arrived, 1, false },
	};
	enum verdict verdict = VERDICT_KEPT;

	fprintf(out, "%-24s %12s %12s\n", "limit", "at most", "measured");
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		fprintf(out, "%-24s %9g %-2s %9.3f %-2s  %s\n", limits[i].name, limits[i].at_most,
			limits[i].unit, limits[i].measured, limits[i].unit,
			judge(&limits[i], late > LATE_MS, &verdict));
	if (late > LATE_MS)
		fprintf(out,
			"The generator itself was late (p99 %.0f ms): this machine had no time for "
			"it, and latencies say nothing of the servers.\n",
			late);
	return verdict;
}
