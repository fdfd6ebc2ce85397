/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_devs.c - the simulator against hand-computed traces of its protocol, and against what queueing theory says.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "devs/devs.h"
#include "devs/queueing.h"

/* ---- the protocol -------------------------------------------------------------------------------------------------- */

/* a clock that ticks every @period, @left times, and says how often it has */
struct ticker {
	double period;
	int64_t count, left;
};

static double ticker_ta(const void *s)
{
	const struct ticker *ticker = s;

	return ticker->left > 0 ? ticker->period : DEVS_INFINITY;
}

static void ticker_lambda(const void *s, struct devs_output *output)
{
	const struct ticker *ticker = s;
	struct devs_event event = { .integer = ticker->count };

	devs_send(output, 0, &event);
}

static void ticker_int(void *s)
{
	struct ticker *ticker = s;

	ticker->count++;
	ticker->left--;
}

static void ticker_ext(void *s, double e, const struct devs_bag *x)
{
	(void)s;
	(void)e;
	(void)x;
}

static const struct devs_class ticker_class = {
	"ticker", ticker_ta, ticker_lambda, ticker_int, ticker_ext, NULL,
};

/* writes down all that it is told; answers after @delay, unless that is infinite */
struct scribe {
	double delay, clock, sigma;
	int64_t last;
	char text[512];
};

static void scribe_note(struct scribe *scribe, const char *what, double t, const struct devs_bag *x)
{
	size_t len = strlen(scribe->text);

	len += (size_t)snprintf(scribe->text + len, sizeof(scribe->text) - len, "%s@%g", what, t);
	for (size_t i = 0; x && i < x->len; i++)
		len += (size_t)snprintf(scribe->text + len, sizeof(scribe->text) - len, ",%u:%lld",
					x->events[i].port, (long long)x->events[i].integer);
	(void)snprintf(scribe->text + len, sizeof(scribe->text) - len, " ");
}

static double scribe_ta(const void *s)
{
	return ((const struct scribe *)s)->sigma;
}

static void scribe_lambda(const void *s, struct devs_output *output)
{
	struct devs_event event = { .integer = 100 + ((const struct scribe *)s)->last };

	devs_send(output, 0, &event);
}

static void scribe_int(void *s)
{
	struct scribe *scribe = s;

	scribe->clock += scribe->sigma;
	scribe->sigma = DEVS_INFINITY;
	scribe_note(scribe, "int", scribe->clock, NULL);
}

static void scribe_ext(void *s, double e, const struct devs_bag *x)
{
	struct scribe *scribe = s;

	scribe->clock += e;
	scribe_note(scribe, "ext", scribe->clock, x);
	scribe->last = x->events[x->len - 1].integer;
	scribe->sigma = isinf(scribe->sigma) ? scribe->delay : scribe->sigma - e;
}

static void scribe_con(void *s, const struct devs_bag *x)
{
	struct scribe *scribe = s;

	scribe->clock += scribe->sigma;
	scribe_note(scribe, "con", scribe->clock, x);
	scribe->sigma = scribe->delay;
}

static const struct devs_class scribe_class = {
	"scribe", scribe_ta, scribe_lambda, scribe_int, scribe_ext, scribe_con,
};

static void protocol(void **state)
{
	struct ticker fast = { .period = 2, .left = 3 }, slow = { .period = 3, .left = 2 };
	struct scribe scribe = { .delay = 1, .sigma = DEVS_INFINITY },
		      end = { .delay = DEVS_INFINITY, .sigma = DEVS_INFINITY };
	struct devs_coupled *root = devs_coupled_new("root");
	struct devs *devs;

	(void)state;
	assert_int_equal(devs_add(root, &ticker_class, &fast), 0);
	assert_int_equal(devs_add(root, &ticker_class, &slow), 1);
	assert_int_equal(devs_add(root, &scribe_class, &scribe), 2);
	assert_int_equal(devs_add(root, &scribe_class, &end), 3);
	assert_int_equal(devs_couple(root, 0, 0, 2, 7), 0);
	assert_int_equal(devs_couple(root, 1, 0, 2, 8), 0);
	assert_int_equal(devs_couple(root, 2, 0, 3, 9), 0);
	assert_int_equal(devs_new(root, 0, &devs), 0);
	assert_int_equal(devs_run(devs, 100), 1);
	/*
	 * By hand: fast ticks at 2, 4, 6, slow at 3, 6. At 2 the scribe hears 0 and will answer at 3; there slow's 0 comes at the same
	 * time (confluent) and it will answer at 4; at 4 fast's 1 comes, confluent again, answer at 5, which passes in peace. At 6 both.
	 */
	assert_string_equal(scribe.text,
			    "ext@2,7:0 con@3,8:0 con@4,7:1 int@5 ext@6,7:2,8:1 int@7 ");
	assert_string_equal(end.text, "ext@3,9:100 ext@4,9:100 ext@5,9:100 ext@7,9:101 ");
	/* 5 ticks, 6 of the scribe, 4 of the end */
	assert_int_equal(devs_transitions(devs), 15);
	assert_true(isinf(devs_next(devs)));
	devs_free(devs);
	devs_coupled_free(root);
}

static void select_order(void **state)
{
	/* two send at one time: the bag is in the order in which they were added, not in that of their periods' ends */
	struct ticker a = { .period = 4, .left = 1, .count = 1 },
		      b = { .period = 2, .left = 2, .count = 5 };
	struct scribe end = { .delay = DEVS_INFINITY, .sigma = DEVS_INFINITY };
	struct devs_coupled *root = devs_coupled_new("root");
	struct devs *devs;

	(void)state;
	devs_add(root, &scribe_class, &end);
	devs_add(root, &ticker_class, &a);
	devs_add(root, &ticker_class, &b);
	assert_int_equal(devs_couple(root, 1, 0, 0, 1), 0);
	assert_int_equal(devs_couple(root, 2, 0, 0, 2), 0);
	assert_int_equal(devs_new(root, 0, &devs), 0);
	(void)devs_run(devs, 10);
	assert_string_equal(end.text, "ext@2,2:5 ext@4,1:1,2:6 ");
	devs_free(devs);
	devs_coupled_free(root);
}

/* root { outer { inner { ticker }, scribe }, scribe }: through two borders out, and the root's input through one in */
static void closure_under_coupling(void **state)
{
	struct ticker ticker = { .period = 1, .left = 2 };
	struct scribe near = { .delay = DEVS_INFINITY, .sigma = DEVS_INFINITY }, far = near;
	struct devs_coupled *inner = devs_coupled_new("inner"), *outer = devs_coupled_new("outer"),
			    *root = devs_coupled_new("root");
	struct devs_event event = { .integer = 42 };
	struct devs *devs;

	(void)state;
	devs_add(inner, &ticker_class, &ticker);
	assert_int_equal(devs_couple(inner, 0, 0, DEVS_SELF, 3), 0);
	assert_int_equal(devs_add_coupled(outer, inner), 0);
	devs_add(outer, &scribe_class, &near);
	assert_int_equal(devs_couple(outer, 0, 3, 1, 1), 0);
	assert_int_equal(devs_couple(outer, 0, 3, DEVS_SELF, 4), 0);
	assert_int_equal(devs_couple(outer, DEVS_SELF, 5, 1, 6), 0);
	assert_int_equal(devs_add_coupled(root, outer), 0);
	devs_add(root, &scribe_class, &far);
	assert_int_equal(devs_couple(root, 0, 4, 1, 2), 0);
	assert_int_equal(devs_couple(root, DEVS_SELF, 0, 0, 5), 0);
	assert_int_equal(devs_couple(root, 0, 0, 0, 0), -EINVAL);
	assert_int_equal(devs_couple(root, 2, 0, 0, 0), -EINVAL);
	assert_int_equal(devs_new(root, 0, &devs), 0);
	assert_int_equal(devs_run(devs, 1), 0);
	assert_int_equal(devs_inject(devs, 1.5, 0, &event), 0);
	assert_int_equal(devs_inject(devs, 1.25, 0, &event), -EINVAL);
	assert_int_equal(devs_inject(devs, 2.5, 0, &event), -EINVAL);
	assert_int_equal(devs_run(devs, 100), 1);
	assert_string_equal(near.text, "ext@1,1:0 ext@1.5,6:42 ext@2,1:1 ");
	assert_string_equal(far.text, "ext@1,2:0 ext@2,2:1 ");
	devs_free(devs);
	devs_coupled_free(root);
}

/* One source with a port of its own to each of many, coupled in turns with a port to all: each gets both, in the order of its couplings. */
static void many_components(void **state)
{
	enum { MANY = 3000 };
	struct ticker ticker = { .period = 1, .left = 1, .count = 7 };
	struct scribe quiet = { .delay = DEVS_INFINITY, .sigma = DEVS_INFINITY };
	struct scribe *ends = calloc(MANY, sizeof(*ends));
	struct devs_coupled *root = devs_coupled_new("root");
	struct devs *devs;

	(void)state;
	assert_non_null(ends);
	devs_add(root, &ticker_class, &ticker);
	for (uint32_t i = 0; i < MANY; i++) {
		ends[i] = quiet;
		assert_int_equal(devs_add(root, &scribe_class, &ends[i]), i + 1);
	}
	for (uint32_t i = 1; i <= MANY; i++) {
		assert_int_equal(devs_couple(root, 0, 0, i, 2), 0);
		assert_int_equal(devs_couple(root, 0, i, i, 3), 0);
		assert_int_equal(devs_couple(root, 0, 0, i, 1), 0);
		for (uint32_t port = 0; port < 10; port++)
			assert_int_equal(devs_couple(root, i, port, i == 1 ? 2 : 1, port), 0);
	}
	assert_int_equal(devs_new(root, 0, &devs), 0);
	assert_int_equal(devs_run(devs, 10), 1);
	for (uint32_t i = 0; i < MANY; i++)
		assert_string_equal(ends[i].text, "ext@1,2:7,1:7 ");
	assert_int_equal(devs_transitions(devs), 1 + MANY);
	devs_free(devs);
	devs_coupled_free(root);
	free(ends);
}

static void bad_time_advance(void **state)
{
	struct ticker ticker = { .period = -1, .left = 1 };
	struct devs_coupled *root = devs_coupled_new("root");
	struct devs *devs = NULL;

	(void)state;
	devs_add(root, &ticker_class, &ticker);
	assert_int_equal(devs_new(root, 0, &devs), -EINVAL);
	ticker.period = NAN;
	assert_int_equal(devs_new(root, 0, &devs), -EINVAL);
	devs_coupled_free(root);
}

/* ---- theory -------------------------------------------------------------------------------------------------------- */

struct measured {
	double wait, length, use;
	uint64_t served, transitions;
};

static struct measured simulate(uint64_t seed, unsigned servers, double rate, double mean,
				bool constant, double until)
{
	struct queue_source source;
	struct queue_station station;
	struct queue_sink sink = { 0 };
	struct devs_coupled *root = devs_coupled_new("line");
	struct measured measured;
	struct devs *devs;

	queue_source_init(&source, seed, 0, 1 / rate, UINT64_MAX);
	assert_int_equal(queue_station_init(&station, seed, 1, servers, mean, constant), 0);
	devs_add(root, &queue_source_class, &source);
	devs_add(root, &queue_station_class, &station);
	devs_add(root, &queue_sink_class, &sink);
	assert_int_equal(devs_couple(root, 0, 0, 1, 0), 0);
	assert_int_equal(devs_couple(root, 1, 0, 2, 0), 0);
	assert_int_equal(devs_new(root, 0, &devs), 0);
	assert_int_equal(devs_run(devs, until), 0);
	assert_false(station.failed);
	measured = (struct measured){ .wait = station.wait_sum / (double)station.begun,
				      .length = station.area / station.clock,
				      .use = station.busy_area / station.clock,
				      .served = sink.count,
				      .transitions = devs_transitions(devs) };
	queue_station_free(&station);
	devs_free(devs);
	devs_coupled_free(root);
	return measured;
}

#define RUNS 20
#define T_999 3.883 /* Student's t, 19 degrees of freedom, two-sided 99.9 per cent */

/* the theoretical value lies in the confidence interval of independent runs, and that is no wider than a few per cent */
static void agree(const char *what, unsigned servers, double rate, double mean, bool constant,
		  double want)
{
	double sum = 0, squares = 0, half, average;

	for (int i = 0; i < RUNS; i++) {
		double wait =
			simulate(1000 + (uint64_t)i, servers, rate, mean, constant, 60000 / rate)
				.wait;

		sum += wait;
		squares += wait * wait;
	}
	average = sum / RUNS;
	half = T_999 * sqrt((squares - sum * average) / (RUNS - 1) / RUNS);
	print_message("%s: %g in line, theory %g, +-%g\n", what, average, want, half);
	assert_true(fabs(average - want) <= half);
	assert_true(half <= 0.1 * want);
}

static void queues(void **state)
{
	(void)state;
	agree("M/M/1, 70 %", 1, 7, 0.1, false, 0.7 * 0.1 / 0.3);
	agree("M/M/4, 80 %", 4, 32, 0.1, false, queue_wait_mmc(4, 32, 0.1));
	agree("M/D/1, 70 %", 1, 7, 0.1, true, queue_wait_md1(7, 0.1));
}

static void little(void **state)
{
	/* Little's law holds on every sample path: jobs in line = rate x time in line */
	struct measured measured = simulate(7, 3, 25, 0.1, false, 40000);

	(void)state;
	assert_true(fabs(measured.length - 25 * measured.wait) < 0.03 * measured.length);
	assert_true(fabs(measured.use - 2.5) < 0.03);
	/* each job: the source's, the station's two, the sink's */
	assert_true(measured.transitions >= 4 * measured.served &&
		    measured.transitions <= 4 * measured.served + 2000);
}

static void formulas(void **state)
{
	(void)state;
	/* tables of Erlang's C: 2 servers and 1 Erlang: 1/3; one server: the load */
	assert_true(fabs(erlang_c(2, 1) - 1.0 / 3) < 1e-12);
	assert_true(fabs(erlang_c(1, 0.6) - 0.6) < 1e-12);
	assert_true(fabs(erlang_c(10, 7) - 0.2217) < 1e-4);
	assert_true(erlang_c(3, 3) == 1);
	assert_true(isinf(queue_wait_mmc(3, 30, 0.1)));
	assert_int_equal(queue_servers(30, 0.1, 1e9), 4);
	assert_true(queue_wait_mmc(queue_servers(30, 0.1, 0.01), 30, 0.1) <= 0.01);
	assert_true(queue_wait_mmc(queue_servers(30, 0.1, 0.01) - 1, 30, 0.1) > 0.01);
}

static void determinism(void **state)
{
	struct measured a = simulate(5, 2, 15, 0.1, false, 5000),
			b = simulate(5, 2, 15, 0.1, false, 5000),
			c = simulate(6, 2, 15, 0.1, false, 5000);

	(void)state;
	assert_memory_equal(&a, &b, sizeof(a));
	assert_true(a.wait != c.wait);
}

static void streams(void **state)
{
	struct random_stream a, b;
	double sum = 0;
	unsigned counts[10] = { 0 };

	(void)state;
	random_init(&a, 1, 0);
	random_init(&b, 1, 1);
	assert_true(random_bits(&a) != random_bits(&b));
	for (int i = 0; i < 100000; i++) {
		double u = random_uniform(&a);

		assert_true(u >= 0 && u < 1);
		sum += random_exponential(&b, 2);
		counts[random_below(&a, 10)]++;
	}
	assert_true(fabs(sum / 100000 - 2) < 0.04);
	for (int i = 0; i < 10; i++)
		assert_true(counts[i] > 9500 && counts[i] < 10500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(protocol),
		cmocka_unit_test(select_order),
		cmocka_unit_test(closure_under_coupling),
		cmocka_unit_test(many_components),
		cmocka_unit_test(bad_time_advance),
		cmocka_unit_test(queues),
		cmocka_unit_test(little),
		cmocka_unit_test(formulas),
		cmocka_unit_test(determinism),
		cmocka_unit_test(streams),
	};

	return cmocka_run_group_tests_name("devs", tests, NULL, NULL);
}
