/* SPDX-License-Identifier: Apache-2.0 */
/*
 * autoscale_inputs.c - a decision's inputs as JSON: all that autoscale_decide looked at but the history.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <ocispec-lite/arena.h>

#include "base/error.h"
#include "base/mem.h"
#include "scale/autoscale-private.h"
#include "scale/json.h"

static const char *const kinds[] = {
	[SPEC_METRIC_CPU] = "cpu",
	[SPEC_METRIC_MEMORY] = "memory",
	[SPEC_METRIC_CPU_PRESSURE] = "cpu-pressure",
	[SPEC_METRIC_THROTTLED] = "throttled",
	[SPEC_METRIC_HTTP] = "http",
};

static void add_metric(struct json *json, const struct spec_metric *metric,
		       const struct autoscale_metric *m, const struct autoscale_wish *wish)
{
	json_map(json, NULL);
	json_text(json, "metric", kinds[metric->kind]);
	if (metric->kind == SPEC_METRIC_HTTP)
		json_text(json, "name", metric->name);
	json_real(json, "target", metric->target);
	json_bool(json, "failed", wish->failed);
	if (!wish->failed) {
		json_real(json, "average", m->average);
		json_real(json, "ratio", wish->ratio);
		json_int(json, "wants", wish->wanted);
	}
	json_int(json, "known", m->known);
	json_int(json, "missing", m->missing);
	json_int(json, "starting", m->not_ready);
	json_map_end(json);
}

int autoscale_inputs(const struct autoscale_input *input, const struct autoscale_facts *facts,
		     struct oci_arena *arena, const char **ret)
{
	const struct spec_scale *scale = input->scale;
	CLEANUP_FREE char *text = NULL;
	struct json json;
	size_t length;
	int r = json_begin(&json, NULL);

	if (r < 0)
		return r;
	json_map(&json, NULL);
	json_text(&json, "policy", spec_scale_policies[scale->policy]);
	json_int(&json, "current", input->current);
	json_int(&json, "recommended", facts->recommended);
	json_int(&json, "wanted", facts->wanted);
	json_int(&json, "min", facts->minimum);
	json_int(&json, "max", facts->maximum);
	json_int(&json, "calendar", facts->calendar);
	json_int(&json, "admissible", input->admissible);
	json_bool(&json, "memoryShort", input->veto_growth);
	json_bool(&json, "crashLooping", input->crash_looping);
	json_list(&json, "metrics");
	for (size_t i = 0; spec_scale_measures(scale) && i < scale->metrics_len; i++)
		add_metric(&json, &scale->metrics[i], &input->metrics[i], &facts->wishes[i]);
	json_list_end(&json);
	if (input->forecast && input->forecast->facts)
		json_raw(&json, "forecast", input->forecast->facts, strlen(input->forecast->facts));
	if (input->forecast)
		json_int(&json, "withForecast", facts->would);
	json_map_end(&json);
	r = json_take(&json, &text, &length, NULL);
	json_end(&json);
	if (r < 0)
		return r;
	/* it becomes a part of other documents: without the newline */
	while (length > 0 && text[length - 1] == '\n')
		length--;
	*ret = oci_arena_strndup(arena, text, length);
	return *ret ? 0 : -ENOMEM;
}
