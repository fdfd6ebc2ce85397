/* SPDX-License-Identifier: Apache-2.0 */
/* test_sampler.c - Prometheus text, cgroup files of made-up folders, metrics of two samples; and this process as a replica. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "base/error.h"
#include "scale/sampler-private.h"
#include "unit/scale.h"

static const char exposed[] = "# HELP sessions how many\n# TYPE sessions gauge\n"
			      "sessions{room=\"a\",kind=\"x\"} 3\n"
			      "sessions{room=\"b\"} 4.5 1712345678\n"
			      "sessions_total 99\n"
			      "plain 7\n"
			      "  spaced\t12\r\n"
			      "{bad 1\nnot a line\nbroken{room=\"a} 5\n"
			      "nothing NaN\n"
			      "endless +Inf\n"
			      "word{a=\"b\"} many\n"
			      "escaped{a=\"q\\\"}uote\",} 1e3\n"
			      "hex 0x10\n"
			      "last{a=\"1\"} -2";

static void test_prometheus(void **state)
{
	static const struct {
		const char *name;
		int result;
		double value;
	} rows[] = {
		{ "sessions", 0, 7.5 },
		{ "sessions{room=\"a\"}", 0, 3 },
		{ "sessions{room=\"b\"}", 0, 4.5 },
		{ "sessions{kind=\"x\",room=\"a\"}", 0, 3 },
		{ "sessions{room=\"c\"}", -ENOENT, 0 },
		{ "session", -ENOENT, 0 },
		{ "plain", 0, 7 },
		{ "plain{}", 0, 7 },
		{ "spaced", 0, 12 },
		{ "nothing", -ENOENT, 0 },
		{ "endless", -EINVAL, 0 },
		{ "word", -EINVAL, 0 },
		{ "escaped{a=\"q\\\"}uote\"}", 0, 1000 },
		{ "broken", -ENOENT, 0 },
		{ "last", 0, -2 },
		{ "", -EINVAL, 0 },
		{ "9x", -EINVAL, 0 },
		{ "a b", -EINVAL, 0 },
		{ "a{b=\"c\"", -EINVAL, 0 },
		{ "a{b=c}", -EINVAL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		double value = 0;

		assert_int_equal(prometheus_value(exposed, strlen(exposed), rows[i].name, &value),
				 rows[i].result);
		assert_true(value == rows[i].value);
	}
	/* the text ends where it is said to end */
	for (size_t n = 0; n < sizeof(exposed); n++) {
		char *cut = malloc(n + 1);
		double value;

		memcpy(cut, exposed, n);
		(void)prometheus_value(cut, n, "sessions{room=\"a\"}", &value);
		(void)prometheus_value(cut, n, "last", &value);
		free(cut);
	}
}

static struct sample unknown(void)
{
	struct sample sample;

	memset(&sample, -1, sizeof(sample));
	return sample;
}

static void test_v2(void **state)
{
	const char *folder = scale_folder();
	CLEANUP_CLOSE int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct sample sample = unknown();

	(void)state;
	sampler_v2(fd, &sample);
	assert_int_equal(sample.cpu_us, -1);
	assert_int_equal(sample.read_bytes, -1);
	scale_write(folder, "cpu.stat",
		    "usage_usec 1234567\nuser_usec 1\nsystem_usec 2\nnr_periods 10\n"
		    "nr_throttled 4\nthrottled_usec 555\nnr_bursts 0\n");
	scale_write(folder, "memory.current", "1000000\n");
	scale_write(folder, "memory.stat", "anon 5\ninactive_file 300000\n");
	scale_write(folder, "memory.max", "max\n");
	scale_write(folder, "memory.events", "low 0\noom 3\noom_kill 2\noom_group_kill 0\n");
	scale_write(folder, "pids.current", "17\n");
	scale_write(folder, "io.stat", "8:0 rbytes=10 wbytes=20 rios=1\n8:16 rbytes=5 wbytes=7\n");
	scale_write(folder, "cpu.pressure",
		    "some avg10=1.00 avg60=0.00 avg300=0.00 total=777\nfull avg10=0.00 total=5\n");
	sampler_v2(fd, &sample);
	assert_int_equal(sample.cpu_us, 1234567);
	assert_int_equal(sample.periods, 10);
	assert_int_equal(sample.throttled_periods, 4);
	assert_int_equal(sample.throttled_us, 555);
	assert_int_equal(sample.memory, 700000);
	assert_int_equal(sample.memory_limit, -1);
	assert_int_equal(sample.oom_kills, 2);
	assert_int_equal(sample.pids, 17);
	assert_int_equal(sample.read_bytes, 15);
	assert_int_equal(sample.write_bytes, 27);
	assert_int_equal(sample.cpu_pressure_us, 777);
	assert_int_equal(sampler_pressure(fd, "cpu.pressure", "full"), 5);
	assert_int_equal(sample.io_pressure_us, -1);
	scale_folder_remove(folder);
}

static void test_v1(void **state)
{
	const char *folder = scale_folder();
	CLEANUP_CLOSE int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct sample sample = unknown();

	(void)state;
	scale_write(folder, "cpuacct.usage", "5000000\n");
	scale_write(folder, "cpu.stat", "nr_periods 3\nnr_throttled 1\nthrottled_time 9000\n");
	scale_write(folder, "memory.usage_in_bytes", "500\n");
	scale_write(folder, "memory.stat", "inactive_file 450\ntotal_inactive_file 100\n");
	scale_write(folder, "memory.limit_in_bytes", "209715200\n");
	scale_write(folder, "memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 6\n");
	scale_write(folder, "blkio.throttle.io_service_bytes",
		    "8:0 Read 4096\n8:0 Write 10\n8:0 Total 4106\n9:0 Read 4\nTotal 4110\n");
	sampler_v1(fd, &sample);
	assert_int_equal(sample.cpu_us, 5000);
	assert_int_equal(sample.throttled_us, 9);
	assert_int_equal(sample.memory, 400);
	assert_int_equal(sample.memory_limit, 209715200);
	assert_int_equal(sample.oom_kills, 6);
	assert_int_equal(sample.read_bytes, 4100);
	assert_int_equal(sample.write_bytes, 10);
	sampler_net("Inter-|   Receive\n face |bytes packets\n    lo: 5 1 0 0 0 0 0 0 5 1 0\n"
		    "  eth0: 100 1 0 0 0 0 0 0 40 1 0\neth1:7 1 0 0 0 0 0 0 8 1 0\n",
		    &sample);
	assert_int_equal(sample.rx_bytes, 107);
	assert_int_equal(sample.tx_bytes, 48);
	scale_folder_remove(folder);
}

#define NEAR(a, b) assert_true((a) > (b)-1e-6 && (a) < (b) + 1e-6)

static void test_metrics(void **state)
{
	struct sample before = unknown(), now = unknown();

	(void)state;
	before.at_us = 1000000;
	now.at_us = 3000000;
	NEAR(sample_metric(SPEC_METRIC_CPU, &before, &now, 1000), -1);
	before.cpu_us = 100;
	now.cpu_us = 1000100;
	NEAR(sample_metric(SPEC_METRIC_CPU, &before, &now, 1000), 50);
	NEAR(sample_metric(SPEC_METRIC_CPU, &before, &now, -1), 50);
	NEAR(sample_metric(SPEC_METRIC_CPU, &before, &now, 400), 125);
	/* another container's counter */
	NEAR(sample_metric(SPEC_METRIC_CPU, &now, &before, 400), -1);
	now.memory = 50;
	NEAR(sample_metric(SPEC_METRIC_MEMORY, &before, &now, 0), -1);
	now.memory_limit = 200;
	NEAR(sample_metric(SPEC_METRIC_MEMORY, &before, &now, 0), 25);
	before.cpu_pressure_us = 0;
	now.cpu_pressure_us = 500000;
	NEAR(sample_metric(SPEC_METRIC_CPU_PRESSURE, &before, &now, 0), 25);
	NEAR(sample_metric(SPEC_METRIC_THROTTLED, &before, &now, 0), -1);
	before.periods = now.periods = 5;
	before.throttled_periods = now.throttled_periods = 2;
	NEAR(sample_metric(SPEC_METRIC_THROTTLED, &before, &now, 0), 0);
	now.periods = 15;
	now.throttled_periods = 6;
	NEAR(sample_metric(SPEC_METRIC_THROTTLED, &before, &now, 0), 40);
	NEAR(sample_metric(SPEC_METRIC_HTTP, &before, &now, 0), -1);
}

static void count_folder(void *ctx, int folder, bool v2)
{
	(void)folder;
	(void)v2;
	++*(unsigned *)ctx;
}

static void test_live(void **state)
{
	struct oci_error err = OCI_ERROR_INIT;
	struct replica replica = { .pid = getpid(), .name = "shop-web-1" };
	struct sample sample;
	unsigned folders = 0;

	(void)state;
	assert_int_equal(sample_read(&replica, &sample, &err), 0);
	assert_true(sample.at_us > 0);
	/* the same network as ours is none of its own */
	assert_int_equal(sample.rx_bytes, -1);
	replica.pid = 0;
	assert_int_equal(sample_read(&replica, &sample, &err), -ESRCH);
	assert_string_equal(err.message, "shop-web-1 does not run");
	assert_int_equal(cgroup_each("/no/such/cgroup", 0, count_folder, &folders), 0);
	assert_int_equal(folders, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_prometheus), cmocka_unit_test(test_v2),
		cmocka_unit_test(test_v1),         cmocka_unit_test(test_metrics),
		cmocka_unit_test(test_live),
	};

	return cmocka_run_group_tests_name("sampler", tests, NULL, NULL);
}
