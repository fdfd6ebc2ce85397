/* SPDX-License-Identifier: Apache-2.0 */
/*
 * predict_json.c - a plan as JSON: what `carte scale --why`, the page and a decision's inputs tell of it.
 */
#include "scale/json.h"
#include "scale/predict.h"

static void put_models(struct json *json, const struct predict *predict)
{
	json_list(json, "models");
	for (unsigned kind = 0; kind < FORECAST_KINDS; kind++) {
		json_map(json, NULL);
		json_text(json, "model", forecast_word((enum forecast_kind)kind));
		json_real(json, "loss", predict_loss(predict, (enum forecast_kind)kind, false));
		json_real(json, "recentLoss",
			  predict_loss(predict, (enum forecast_kind)kind, true));
		json_map_end(json);
	}
	json_list_end(json);
}

static void put_candidates(struct json *json, const struct predict_plan *plan)
{
	json_list(json, "candidates");
	for (size_t i = 0; i < plan->candidates_len; i++) {
		const struct predict_candidate *candidate = &plan->candidates[i];

		json_map(json, NULL);
		json_int(json, "replicas", candidate->replicas);
		json_real(json, "lateSeconds", candidate->late);
		json_real(json, "readySeconds", candidate->ready);
		json_int(json, "starts", candidate->starts);
		json_real(json, "cost", candidate->cost);
		json_map_end(json);
	}
	json_list_end(json);
}

void predict_facts(struct json *json, const struct predict *predict, const struct spec_scale *scale)
{
	const struct predict_plan *plan = predict_last(predict);

	json_text(json, "mode", scale->predict.act ? "act" : "forecast-only");
	json_bool(json, "open", plan->open);
	json_text(json, "gate", plan->at_ms ? plan->gate : "no minute has been measured yet");
	json_text(json, "model", plan->at_ms ? forecast_word(plan->model) : NULL);
	json_int(json, "learnedMinutes", (int64_t)predict_learned(predict));
	json_real(json, "load", plan->at_ms ? plan->load : -1);
	json_real(json, "quantile", scale->predict.quantile);
	json_real(json, "upper", plan->at_ms ? plan->paths[1][plan->minutes - 1] : -1);
	json_real(json, "startSeconds", plan->start_s);
	json_real(json, "controlSeconds", plan->control_s);
	json_real(json, "drainSeconds", plan->drain_s);
	json_real(json, "horizonSeconds", plan->horizon_s);
	json_int(json, "floor", plan->floor);
	json_text(json, "why", plan->why);
	put_models(json, predict);
	put_candidates(json, plan);
}

void predict_series(struct json *json, const struct predict *predict)
{
	const struct predict_plan *plan = predict_last(predict);

	json_list(json, "ahead");
	for (unsigned minute = 0; minute < plan->minutes; minute++) {
		json_map(json, NULL);
		json_int(json, "minute", minute + 1);
		json_real(json, "middle", plan->paths[0][minute]);
		json_real(json, "upper", plan->paths[1][minute]);
		json_map_end(json);
	}
	json_list_end(json);
	json_list(json, "past");
	for (unsigned back = PREDICT_PAST; back-- > 0;) {
		struct predict_past past = predict_past(predict, back);

		json_map(json, NULL);
		json_real(json, "upper", (double)past.upper);
		json_real(json, "load", (double)past.load);
		json_map_end(json);
	}
	json_list_end(json);
}
