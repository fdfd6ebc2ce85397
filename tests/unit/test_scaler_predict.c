/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_scaler_predict.c - policy predict over simulated weeks of a service whose replicas take a while to start: the scaler and its
 * loop are the real ones; the supervisor, the replicas, what they measure and both clocks are of this test.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <time.h>

#include "base/error.h"
#include "scale/predict.h"
#include "scale/sampler.h"
#include "scale/scaler.h"
#include "scale/view.h"
#include "unit/scale.h"

#define MONDAY INT64_C(1767571200000) /* 2026-01-05 00:00 UTC */
#define STEP_MS 30000
#define DAY_STEPS 2880u
#define START_MS 150000
#define REPLICAS 24u

struct supervisor {
	struct loop *loop;
	struct project project;
	struct spec_project spec;
	struct spec_service service_spec;
	struct service service;
	struct replica replicas[REPLICAS];
	struct spec_metric metric;
	int64_t clock_ms;
	unsigned made;
	double load; /* replicas on target */
	double lost; /* replica-seconds above what the ready ones carry on target */
	/* kept, as a database does */
	void *learned;
	size_t learned_length;
	unsigned saves, told; /* decisions that speak of a forecast */
	char why[1024];
};

static struct supervisor *world;

int64_t view_clock_ms(void)
{
	return world->clock_ms;
}

struct loop *supervisor_loop(struct supervisor *sv)
{
	return sv->loop;
}

struct project *supervisor_projects(struct supervisor *sv)
{
	return &sv->project;
}

struct service *supervisor_service(struct supervisor *sv, const char *project, const char *service)
{
	return strcmp(project, "shop") == 0 && strcmp(service, "web") == 0 ? &sv->service : NULL;
}

int supervisor_decide(struct supervisor *sv, struct service *service,
		      const struct scale_decision *decision, struct oci_error *err)
{
	(void)err;
	service->desired = decision->to;
	sv->told += strstr(decision->why, "forecast") != NULL;
	(void)snprintf(sv->why, sizeof(sv->why), "%s", decision->why);
	return 0;
}

int supervisor_learn(struct supervisor *sv, const struct service *service, const void *bytes,
		     size_t length, struct oci_error *err)
{
	(void)service;
	(void)err;
	free(sv->learned);
	sv->learned = malloc(length);
	assert_non_null(sv->learned);
	memcpy(sv->learned, bytes, length);
	sv->learned_length = length;
	sv->saves++;
	return 0;
}

int supervisor_learned(struct supervisor *sv, const struct service *service, void **ret,
		       size_t *ret_length, struct oci_error *err)
{
	(void)service;
	(void)err;
	if (!sv->learned)
		return -ENOENT;
	*ret = malloc(sv->learned_length);
	assert_non_null(*ret);
	memcpy(*ret, sv->learned, sv->learned_length);
	*ret_length = sv->learned_length;
	return 0;
}

int pool_measure(struct pool *pool, struct oci_error *err)
{
	(void)err;
	*pool = (struct pool){ .available = 100, .memory_reserve = 10 };
	return 0;
}

void pool_admit(const struct pool *pool, struct pool_wish *wishes, size_t count)
{
	(void)pool;
	for (size_t i = 0; i < count; i++)
		wishes[i].admitted = wishes[i].wanted;
}

int sample_read(const struct replica *replica, struct sample *ret, struct oci_error *err)
{
	(void)replica;
	(void)err;
	*ret = (struct sample){ 0 };
	return 0;
}

double sample_metric(enum spec_metric_kind kind, const struct sample *before,
		     const struct sample *now, int64_t limit_milli)
{
	(void)kind;
	(void)before;
	(void)now;
	(void)limit_milli;
	return world->load * world->metric.target / service_count(&world->service, REPLICA_READY);
}

/* ---- the world ------------------------------------------------------------------------------------------------------------ */

/* Every day from nine to noon, up within five minutes. */
static double pattern(unsigned step)
{
	double minute = step % DAY_STEPS / 2.0, busy = 0;

	if (minute >= 540 && minute < 720)
		busy = minute < 545 ? (minute - 539) / 6 : 1;
	return 1.6 + 9 * busy + 0.1 * sin(step * 0.9);
}

static void live(struct supervisor *sv)
{
	unsigned count = 0, ready = 0;

	for (unsigned i = 0; i < REPLICAS; i++) {
		struct replica *r = &sv->replicas[i];

		if (i >= sv->service.desired) {
			*r = (struct replica){ 0 };
			continue;
		}
		if (!r->made_ms) {
			*r = (struct replica){ .service = &sv->service,
					       .wanted = true,
					       .state = REPLICA_STARTED,
					       .made_ms = sv->clock_ms };
			(void)snprintf(r->id, sizeof(r->id), "%u", ++sv->made);
		}
		if (r->state == REPLICA_STARTED && sv->clock_ms - r->made_ms >= START_MS) {
			r->state = REPLICA_READY;
			r->ready_ms = sv->clock_ms;
		}
		ready += r->state == REPLICA_READY;
		count++;
	}
	for (unsigned i = 0; i < REPLICAS; i++)
		sv->replicas[i].next = i + 1 < count ? &sv->replicas[i + 1] : NULL;
	sv->service.replicas = count ? sv->replicas : NULL;
	if (sv->load > ready)
		sv->lost += (sv->load - ready) * STEP_MS / 1000;
}

static void step(struct supervisor *sv, unsigned at)
{
	sv->load = pattern(at);
	live(sv);
	loop_advance(sv->loop, STEP_MS);
	sv->clock_ms += STEP_MS;
	for (int i = 0; i < 3; i++)
		assert_int_equal(loop_once(sv->loop, 0), 0);
}

static void steps(struct supervisor *sv, unsigned from, unsigned to)
{
	for (unsigned at = from; at < to; at++)
		step(sv, at);
}

static int setup(void **state)
{
	struct supervisor *sv = calloc(1, sizeof(*sv));

	assert_non_null(sv);
	world = sv;
	assert_int_equal(loop_new(&sv->loop, NULL), 0);
	sv->clock_ms = MONDAY;
	sv->metric = (struct spec_metric){ .kind = SPEC_METRIC_MEMORY, .target = 100 };
	sv->service_spec = scale_service("web", "i");
	sv->service_spec.scale = (struct spec_scale){
		.given = true,
		.policy = SPEC_SCALE_PREDICT,
		.min = 1,
		.max = REPLICAS,
		.tolerance = 0.1,
		.period_ms = STEP_MS,
		.window_down_ms = 60000,
		.metrics = &sv->metric,
		.metrics_len = 1,
		.up = { .replicas = -1, .percent = -1 },
		.down = { .replicas = -1, .percent = -1 },
		.drain_ms = -1,
		.predict = { .act = true,
			     .quantile = 0.95,
			     .horizon_ms = -1,
			     .weight = 100,
			     .churn_ms = 10000,
			     .capacity = -1 },
	};
	sv->spec.name = "shop";
	sv->project.spec = &sv->spec;
	sv->project.services = &sv->service;
	sv->service = (struct service){ .project = &sv->project,
					.spec = &sv->service_spec,
					.desired = 2 };
	*state = sv;
	return 0;
}

static int teardown(void **state)
{
	struct supervisor *sv = *state;

	loop_free(sv->loop);
	free(sv->learned);
	free(sv);
	return 0;
}

static struct scaler *begin(struct supervisor *sv)
{
	struct oci_error err = OCI_ERROR_INIT;
	struct scaler *scaler;

	assert_int_equal(scaler_new(sv, &scaler, &err), 0);
	return scaler;
}

/* ---- tests ------------------------------------------------------------------------------------------------------------------ */

#define LEARNED (14 * DAY_STEPS)
#define QUARTERS 1344u         /* of an hour, in as many days */
#define BELL (LEARNED + 1080u) /* nine o'clock of the fifteenth day */

/* What the rule alone, and what it with forecasts loses in the morning of the fifteenth day. */
static void test_starts_before_the_ramp(void **state)
{
	struct supervisor *sv = *state;
	struct scaler *scaler;
	struct scaler_cost cost;
	double rule;

	sv->service_spec.scale.policy = SPEC_SCALE_TARGET;
	scaler = begin(sv);
	steps(sv, 13 * DAY_STEPS, BELL - 1);
	assert_int_equal(sv->service.desired, 2);
	assert_null(scaler_predict(scaler, &sv->service, &cost));
	sv->lost = 0;
	steps(sv, BELL - 1, BELL + 60);
	rule = sv->lost;
	scaler_free(scaler);
	assert_int_equal(sv->saves, 0);

	sv->service_spec.scale.policy = SPEC_SCALE_PREDICT;
	sv->clock_ms = MONDAY;
	sv->service.desired = 2;
	scaler = begin(sv);
	steps(sv, 0, BELL - 60);
	assert_int_equal(sv->service.desired, 2);
	steps(sv, BELL - 60, BELL - 1);
	/* nothing of the ramp is to be seen yet */
	if (sv->service.desired < 5)
		fail_msg("%u at the bell: %s (%s)", sv->service.desired, sv->why,
			 predict_last(scaler_predict(scaler, &sv->service, &cost))->gate);
	assert_non_null(strstr(sv->why, "the forecast asks for "));
	sv->lost = 0;
	steps(sv, BELL - 1, BELL + 60);
	if (!(sv->lost < rule / 2))
		fail_msg("lost %.0f replica-seconds, the rule alone %.0f", sv->lost, rule);
	/* start delays are measured, and the rule lowers again */
	assert_true(predict_last(scaler_predict(scaler, &sv->service, &cost))->start_s == 150);
	/* stopped and started by hand, they are ready hours after they were made: that is no delay */
	for (unsigned i = 0; i < sv->service.desired; i++)
		if (sv->replicas[i].state == REPLICA_READY) {
			sv->replicas[i].again = true;
			sv->replicas[i].ready_ms = sv->clock_ms;
		}
	steps(sv, BELL + 60, BELL + 400);
	assert_true(predict_last(scaler_predict(scaler, &sv->service, &cost))->start_s == 150);
	assert_int_equal(sv->service.desired, 2);
	assert_true(cost.plans > 14 * 1440);
	print_message(
		"predict: lost %.0f replica-seconds at the ramp, the rule alone %.0f; %.0f us "
		"of processor time a plan\n",
		sv->lost, rule, cost.cpu_seconds * 1e6 / (double)cost.plans);
	scaler_free(scaler);
}

/* It tells, and the number is that of the rule at every moment. */
static void test_forecast_only(void **state)
{
	struct supervisor *sv = *state;
	struct scaler *scaler;
	static uint8_t rule[DAY_STEPS];
	unsigned told;

	sv->service_spec.scale.policy = SPEC_SCALE_TARGET;
	scaler = begin(sv);
	steps(sv, 13 * DAY_STEPS, LEARNED);
	for (unsigned i = 0; i < DAY_STEPS; i++) {
		step(sv, LEARNED + i);
		rule[i] = (uint8_t)sv->service.desired;
	}
	scaler_free(scaler);
	sv->service_spec.scale.policy = SPEC_SCALE_PREDICT;
	sv->service_spec.scale.predict.act = false;
	sv->clock_ms = MONDAY;
	scaler = begin(sv);
	steps(sv, 0, LEARNED);
	told = sv->told;
	for (unsigned i = 0; i < DAY_STEPS; i++) {
		step(sv, LEARNED + i);
		assert_int_equal(sv->service.desired, rule[i]);
	}
	assert_true(sv->told > told);
	scaler_free(scaler);
}

/* The supervisor ends at eight o'clock and another begins: what was learned is still known at nine. */
static void test_restart(void **state)
{
	struct supervisor *sv = *state;
	struct scaler *scaler;
	struct scaler_cost cost;
	uint64_t learned;

	scaler = begin(sv);
	steps(sv, 0, BELL - 120);
	/* each quarter of an hour, and at the end */
	assert_in_range(sv->saves, QUARTERS, QUARTERS + 40);
	learned = predict_learned(scaler_predict(scaler, &sv->service, &cost));
	scaler_free(scaler);
	assert_true(sv->learned_length < 48 << 10);
	scaler = begin(sv);
	steps(sv, BELL - 120, BELL - 1);
	assert_true(predict_learned(scaler_predict(scaler, &sv->service, &cost)) > learned);
	if (sv->service.desired < 5)
		fail_msg("%u at the bell: %s (%s)", sv->service.desired, sv->why,
			 predict_last(scaler_predict(scaler, &sv->service, &cost))->gate);
	/* what is damaged is learned anew */
	scaler_free(scaler);
	((char *)sv->learned)[100] ^= 1;
	scaler = begin(sv);
	steps(sv, BELL - 1, BELL + 9);
	assert_true(predict_learned(scaler_predict(scaler, &sv->service, &cost)) < 10);
	scaler_free(scaler);
}

/* By hand: nothing is learned meanwhile, and nothing forgotten. Another policy: what was learned waits. */
static void test_hands_off(void **state)
{
	struct supervisor *sv = *state;
	struct scaler *scaler = begin(sv);
	struct scaler_cost cost;
	uint64_t learned;

	steps(sv, 0, 100);
	learned = predict_learned(scaler_predict(scaler, &sv->service, &cost));
	assert_true(learned >= 40);
	sv->service.manual = true;
	steps(sv, 100, 140);
	assert_null(scaler_predict(scaler, &sv->service, &cost));
	sv->service.manual = false;
	steps(sv, 140, 150);
	assert_in_range(predict_learned(scaler_predict(scaler, &sv->service, &cost)), learned,
			learned + 6);
	sv->service_spec.scale.policy = SPEC_SCALE_TARGET;
	steps(sv, 150, 160);
	assert_null(scaler_predict(scaler, &sv->service, &cost));
	sv->service_spec.scale.policy = SPEC_SCALE_PREDICT;
	steps(sv, 160, 170);
	assert_in_range(predict_learned(scaler_predict(scaler, &sv->service, &cost)), learned,
			learned + 12);
	scaler_free(scaler);
}

/* Another target, another metric, another limit: each is another unit, before and after a restart of the supervisor. */
static void test_another_unit(void **state)
{
	struct supervisor *sv = *state;
	struct scaler *scaler = begin(sv);
	struct scaler_cost cost;
	const struct predict *predict;
	unsigned at = 100;

	sv->service_spec.resources.memory = 1 << 20;
	steps(sv, 0, at);
	predict = scaler_predict(scaler, &sv->service, &cost);
	assert_true(predict_learned(predict) >= 40);
	for (unsigned change = 0; change < 4; change++, at += 20) {
		switch (change) {
		case 0:
			sv->metric.target = 50;
			break;
		case 1:
			sv->metric.kind = SPEC_METRIC_CPU;
			break;
		case 2:
			sv->service_spec.resources.cpu_milli = 500;
			break;
		default:
			scaler_free(scaler);
			sv->metric.kind = SPEC_METRIC_MEMORY;
			scaler = begin(sv);
		}
		steps(sv, at, at + 20);
		predict = scaler_predict(scaler, &sv->service, &cost);
		assert_in_range(predict_learned(predict), 5, 11);
		assert_true(predict_last(predict)->start_s == 150);
	}
	/* a limit that is no part of the unit */
	sv->service_spec.resources.cpu_milli = 700;
	steps(sv, at, at + 20);
	predict = scaler_predict(scaler, &sv->service, &cost);
	assert_in_range(predict_learned(predict), 15, 21);
	scaler_free(scaler);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_starts_before_the_ramp),
		TEST(test_forecast_only),
		TEST(test_restart),
		TEST(test_hands_off),
		TEST(test_another_unit),
	};

	/* minutes of the week are those of local time */
	setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests_name("scaler: predict", tests, NULL, NULL);
}
