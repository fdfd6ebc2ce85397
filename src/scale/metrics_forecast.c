/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metrics_forecast.c - what policy predict has learned and asks for, and what that costs.
 */
#include "base/mem.h"
#include "scale/metrics-private.h"
#include "scale/predict.h"
#include "scale/scaler.h"

static double upper_of(const struct predict *p, const struct scaler_cost *cost)
{
	const struct predict_plan *plan = predict_last(p);

	(void)cost;
	return plan->at_ms ? plan->paths[1][plan->minutes - 1] : -1;
}

static double load_of(const struct predict *p, const struct scaler_cost *cost)
{
	(void)cost;
	return predict_last(p)->at_ms ? predict_last(p)->load : -1;
}

static double gate_of(const struct predict *p, const struct scaler_cost *cost)
{
	(void)cost;
	return predict_last(p)->open;
}

static double floor_of(const struct predict *p, const struct scaler_cost *cost)
{
	(void)cost;
	return predict_last(p)->floor;
}

static double horizon_of(const struct predict *p, const struct scaler_cost *cost)
{
	(void)cost;
	return predict_last(p)->horizon_s;
}

static double memory_of(const struct predict *p, const struct scaler_cost *cost)
{
	(void)cost;
	return (double)predict_memory(p);
}

static double plans_of(const struct predict *p, const struct scaler_cost *cost)
{
	(void)p;
	return (double)cost->plans;
}

static double cpu_of(const struct predict *p, const struct scaler_cost *cost)
{
	(void)p;
	return cost->cpu_seconds;
}

static void render_losses(FILE *out, struct supervisor *sv, const struct scaler *scaler)
{
	struct scaler_cost cost;

	metrics_head(out, "carte_forecast_loss_replicas", "gauge",
		     "Pinball loss of each model, with a half-life of a day.");
	EACH_SERVICE(sv, p, s)
	{
		const struct predict *predict = scaler_predict(scaler, s, &cost);

		for (unsigned kind = 0; predict && kind < FORECAST_KINDS; kind++) {
			double loss = predict_loss(predict, (enum forecast_kind)kind, false);

			if (!(loss >= 0))
				continue;
			metrics_put_service(out, "carte_forecast_loss_replicas", p->name,
					    s->spec->name);
			fprintf(out, ",model=\"%s\"} %.10g\n",
				forecast_word((enum forecast_kind)kind), loss);
		}
	}
}

void metrics_forecasts(FILE *out, struct supervisor *sv, const struct scaler *scaler)
{
	static const struct {
		const char *name, *type, *help;
		double (*value)(const struct predict *p, const struct scaler_cost *cost);
	} rows[] = {
		{ "carte_forecast_load_replicas", "gauge",
		  "Load of the last minute: replicas that it keeps on target.", load_of },
		{ "carte_forecast_upper_replicas", "gauge",
		  "Upper quantile of the load at the end of the horizon.", upper_of },
		{ "carte_forecast_open", "gauge", "1 when a forecast is believed.", gate_of },
		{ "carte_forecast_floor_replicas", "gauge",
		  "Replicas that the forecast asks for at least; 0: nothing.", floor_of },
		{ "carte_forecast_horizon_seconds", "gauge",
		  "How far ahead a plan looks: start delay, control period, drain.", horizon_of },
		{ "carte_forecast_memory_bytes", "gauge", "Memory of what is learned.", memory_of },
		{ "carte_forecast_plans_total", "counter", "Plans that were made.", plans_of },
		{ "carte_forecast_cpu_seconds_total", "counter",
		  "Processor time of the supervisor for plans.", cpu_of },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		metrics_head(out, rows[i].name, rows[i].type, rows[i].help);
		EACH_SERVICE(sv, p, s)
		{
			struct scaler_cost cost;
			const struct predict *predict = scaler_predict(scaler, s, &cost);
			double value = predict ? rows[i].value(predict, &cost) : -1;

			if (!(value >= 0))
				continue;
			metrics_put_service(out, rows[i].name, p->name, s->spec->name);
			fprintf(out, "} %.10g\n", value);
		}
	}
	render_losses(out, sv, scaler);
}
