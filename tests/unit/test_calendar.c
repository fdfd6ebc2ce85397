/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_calendar.c - windows by the clock. Berlin has its clocks changed: 2026-03-29 2:00 becomes 3:00, 2026-10-25 3:00 becomes 2:00.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/mem.h"
#include "scale/autoscale.h"

#define HOUR 3600
#define BERLIN "CET-1CEST,M3.5.0,M10.5.0/3"

static void set_zone(const char *zone)
{
	assert_int_equal(setenv("TZ", zone, 1), 0);
	tzset();
}

/* "2026-03-02 09:00" in local time */
static int64_t at(const char *text)
{
	struct tm tm = { .tm_isdst = -1 };

	assert_int_equal(sscanf(text, "%d-%d-%d %d:%d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
				&tm.tm_hour, &tm.tm_min),
			 5);
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	return mktime(&tm);
}

static unsigned minimum(const char *cron, int64_t hours, const char *when, int64_t *next)
{
	const struct spec_calendar entry = { .cron = cron,
					     .duration_ms = hours * HOUR * 1000,
					     .min = 4 };

	return calendar_minimum(&entry, 1, at(when), next);
}

static void test_check(void **state)
{
	static const char *const good[] = {
		"* * * * *",      "0 9 * * mon-fri", "*/15 8-18/2 1,15 jan,JUL 0,7",
		"  5\t4  3 2 1 ", "10/20 * * * sun", "0 8 29 feb *",
		"0 8 31 2-3 *",   "0 8 31 2 mon"
	};
	static const struct {
		const char *cron, *words;
	} bad[] = {
		{ "", "expected five fields (minute hour day month weekday), minute is missing" },
		{ "0 9 * *",
		  "expected five fields (minute hour day month weekday), weekday is missing" },
		{ "0 9 * * 1 2", "more than five fields" },
		{ "60 9 * * 1", "minute '60': expected 0 to 59, *, a range or a list" },
		{ "0 24 * * 1", "hour '24': expected 0 to 23, *, a range or a list" },
		{ "0 9 0 * 1", "day '0': expected 1 to 31, *, a range or a list" },
		{ "0 9 * 13 1", "month '13': expected 1 to 12, *, a range or a list" },
		{ "0 9 * * 8", "weekday '8': expected 0 to 7, *, a range or a list" },
		{ "5-1 9 * * 1", "minute '5-1': expected 0 to 59, *, a range or a list" },
		{ "1, 9 * * 1", "minute '1,': expected 0 to 59, *, a range or a list" },
		{ "*/0 9 * * 1", "minute '*/0': expected 0 to 59, *, a range or a list" },
		{ "-1 9 * * 1", "minute '-1': expected 0 to 59, *, a range or a list" },
		{ "0 8 31 2 *", "there is no such day in any of the months" },
		{ "0 8 31 2,4,6,9,11 *", "there is no such day in any of the months" },
		{ "1x 9 * * 1", "minute '1x': expected 0 to 59, *, a range or a list" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_int_equal(calendar_check(good[i], NULL), 0);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct oci_error err = OCI_ERROR_INIT;

		assert_int_equal(calendar_check(bad[i].cron, &err), -EINVAL);
		assert_string_equal(err.message, bad[i].words);
	}
}

static void test_window(void **state)
{
	int64_t next;

	(void)state;
	set_zone(BERLIN);
	/* 2026-03-02 is a Monday */
	assert_int_equal(minimum("0 9 * * mon-fri", 2, "2026-03-02 08:59", &next), 0);
	assert_int_equal(next, at("2026-03-02 09:00"));
	assert_int_equal(minimum("0 9 * * mon-fri", 2, "2026-03-02 09:00", &next), 4);
	assert_int_equal(next, at("2026-03-02 11:00"));
	assert_int_equal(minimum("0 9 * * mon-fri", 2, "2026-03-02 10:59", &next), 4);
	assert_int_equal(minimum("0 9 * * mon-fri", 2, "2026-03-02 11:00", &next), 0);
	assert_int_equal(next, at("2026-03-03 09:00"));
	/* over the weekend, and over midnight */
	assert_int_equal(minimum("0 9 * * mon-fri", 2, "2026-03-06 12:00", &next), 0);
	assert_int_equal(next, at("2026-03-09 09:00"));
	assert_int_equal(minimum("0 22 * * *", 4, "2026-03-07 01:30", &next), 4);
	assert_int_equal(next, at("2026-03-07 02:00"));
	/* no day of the next week */
	assert_int_equal(minimum("0 9 1 jan *", 2, "2026-03-02 09:00", &next), 0);
	assert_int_equal(next, 0);
}

static void test_days(void **state)
{
	(void)state;
	set_zone(BERLIN);
	/* both restricted: either; 2026-03-13 is a Friday, 2026-03-15 a Sunday */
	assert_int_equal(minimum("0 9 15 * fri", 1, "2026-03-13 09:30", NULL), 4);
	assert_int_equal(minimum("0 9 15 * fri", 1, "2026-03-15 09:30", NULL), 4);
	assert_int_equal(minimum("0 9 15 * fri", 1, "2026-03-14 09:30", NULL), 0);
	assert_int_equal(minimum("0 9 * * 7", 1, "2026-03-15 09:30", NULL), 4);
	assert_int_equal(minimum("0 9 * * 0", 1, "2026-03-15 09:30", NULL), 4);
	assert_int_equal(minimum("0 9 15 * *", 1, "2026-03-13 09:30", NULL), 0);
}

static void test_clock_change(void **state)
{
	int64_t next;

	(void)state;
	set_zone(BERLIN);
	/* the day is one hour shorter: 9:00 stays 9:00 */
	assert_int_equal(minimum("0 9 * * *", 1, "2026-03-28 10:00", &next), 0);
	assert_int_equal(next, at("2026-03-29 09:00"));
	assert_int_equal(next - at("2026-03-28 10:00"), 22 * HOUR);
	assert_int_equal(minimum("0 9 * * *", 1, "2026-10-24 10:00", &next), 0);
	assert_int_equal(next - at("2026-10-24 10:00"), 24 * HOUR);
	/* a zone that is 45 minutes off */
	set_zone("NPT-5:45");
	assert_int_equal(minimum("0 9 * * *", 1, "2026-03-28 09:59", &next), 4);
	assert_int_equal(next, at("2026-03-28 10:00"));
}

static void test_windows_that_touch(void **state)
{
	int64_t next;

	(void)state;
	set_zone("UTC0");
	/* every hour for an hour: it never closes within a week */
	assert_int_equal(minimum("0 * * * *", 1, "2026-03-02 12:00", &next), 4);
	assert_true(next > at("2026-03-09 12:00"));
	assert_int_equal(minimum("0 9,10 * * *", 1, "2026-03-02 09:30", &next), 4);
	assert_int_equal(next, at("2026-03-02 11:00"));
}

static void test_largest(void **state)
{
	const struct spec_calendar entries[] = {
		{ .cron = "0 9 * * *", .duration_ms = 4 * HOUR * 1000, .min = 3 },
		{ .cron = "0 10 * * *", .duration_ms = 1 * HOUR * 1000, .min = 7 },
	};
	int64_t next;

	(void)state;
	set_zone("UTC0");
	assert_int_equal(calendar_minimum(entries, 2, at("2026-03-02 09:30"), &next), 3);
	assert_int_equal(next, at("2026-03-02 10:00"));
	assert_int_equal(calendar_minimum(entries, 2, at("2026-03-02 10:30"), &next), 7);
	assert_int_equal(next, at("2026-03-02 11:00"));
	assert_int_equal(calendar_minimum(entries, 2, at("2026-03-02 11:30"), &next), 3);
	assert_int_equal(calendar_minimum(entries, 0, at("2026-03-02 11:30"), &next), 0);
	assert_int_equal(next, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_window),
		cmocka_unit_test(test_days),
		cmocka_unit_test(test_clock_change),
		cmocka_unit_test(test_windows_that_touch),
		cmocka_unit_test(test_largest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
