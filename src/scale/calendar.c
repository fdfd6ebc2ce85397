/* SPDX-License-Identifier: Apache-2.0 */
/*
 * calendar.c - windows that open by the clock: five fields of crontab(5), local time.
 *
 * A field is a set of numbers as bits. As in crontab(5), a day matches when its day of month and its weekday do, or either of
 * them where both are restricted.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "scale/autoscale.h"

#define MINUTE INT64_C(60)
#define LOOK_AHEAD_S (INT64_C(8) * 24 * 3600)

struct cron {
	uint64_t minute, hour, day, month, weekday;
	bool any_day, any_weekday;
};

struct field {
	const char *name;
	unsigned min, max;
	const char *const *names; /* of @min and what follows */
};

static const char *const months[] = { "jan", "feb", "mar", "apr", "may", "jun", "jul",
				      "aug", "sep", "oct", "nov", "dec", NULL };
static const char *const weekdays[] = { "sun", "mon", "tue", "wed", "thu", "fri", "sat", NULL };
static const struct field fields[] = {
	{ "minute", 0, 59, NULL },  { "hour", 0, 23, NULL },       { "day", 1, 31, NULL },
	{ "month", 1, 12, months }, { "weekday", 0, 7, weekdays },
};

/* A number or a name up to one of "-/," or the end; how long it is, 0 for none. */
static size_t take_number(const struct field *field, const char *text, size_t length, unsigned *ret)
{
	size_t n = 0;

	while (n < length && !strchr("-/,", text[n]))
		n++;
	for (unsigned i = 0; field->names && n && field->names[i]; i++)
		if (n == strlen(field->names[i]) && strncasecmp(text, field->names[i], n) == 0) {
			*ret = field->min + i;
			return n;
		}
	*ret = 0;
	for (size_t i = 0; i < n; i++) {
		if (n > 2 || text[i] < '0' || text[i] > '9')
			return 0;
		*ret = *ret * 10 + (unsigned)(text[i] - '0');
	}
	return *ret < field->min || *ret > field->max ? 0 : n;
}

/* One of a list: *, N, N-M, each with /STEP. */
static size_t take_part(const struct field *field, const char *text, size_t length, uint64_t *bits)
{
	static const struct field step_field = { "step", 1, 59, NULL };
	unsigned first = field->min, last = field->max, step = 1;
	size_t n = 1, taken;

	if (length == 0)
		return 0;
	if (*text != '*') {
		n = take_number(field, text, length, &first);
		if (!n)
			return 0;
		last = first;
		if (n < length && text[n] == '-') {
			taken = take_number(field, text + n + 1, length - n - 1, &last);
			if (!taken || last < first)
				return 0;
			n += 1 + taken;
		} else if (n < length && text[n] == '/') {
			last = field->max;
		}
	}
	if (n < length && text[n] == '/') {
		taken = take_number(&step_field, text + n + 1, length - n - 1, &step);
		if (!taken)
			return 0;
		n += 1 + taken;
	}
	for (unsigned i = first; i <= last; i += step)
		*bits |= UINT64_C(1) << i;
	return n;
}

static bool has(uint64_t bits, int number)
{
	return bits >> number & 1;
}

static int read_field(const struct field *field, const char *text, size_t length, uint64_t *ret,
		      struct oci_error *err)
{
	size_t at = 0;

	*ret = 0;
	while (at < length) {
		size_t n = take_part(field, text + at, length - at, ret);

		at += n;
		if (n == 0 || (at < length && (text[at] != ',' || at + 1 == length)))
			break;
		if (at == length)
			return 0;
		at++;
	}
	return err_set(err, EINVAL, "%s '%.*s': expected %u to %u, *, a range or a list",
		       field->name, length > 40 ? 40 : (int)length, text, field->min, field->max);
}

/* Of "0 8 31 2 *" there is none. Where a weekday is given too, that opens it. */
static bool has_day(const struct cron *cron)
{
	static const unsigned longest[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	for (unsigned month = 1; month <= ARRAY_LEN(longest); month++)
		if (has(cron->month, (int)month) &&
		    cron->day & ((UINT64_C(2) << longest[month - 1]) - 1))
			return true;
	return !cron->any_weekday;
}

static int read_cron(const char *text, struct cron *ret, struct oci_error *err)
{
	uint64_t *const slots[] = { &ret->minute, &ret->hour, &ret->day, &ret->month,
				    &ret->weekday };
	size_t count = 0;

	for (text += strspn(text, " \t"); *text; text += strspn(text, " \t")) {
		size_t length = strcspn(text, " \t");
		int r;

		if (count == ARRAY_LEN(fields))
			return err_set(err, EINVAL, "more than five fields");
		if (count == 2)
			ret->any_day = *text == '*';
		if (count == 4)
			ret->any_weekday = *text == '*';
		r = read_field(&fields[count], text, length, slots[count], err);
		if (r < 0)
			return r;
		count++;
		text += length;
	}
	if (count < ARRAY_LEN(fields))
		return err_set(
			err, EINVAL,
			"expected five fields (minute hour day month weekday), %s is missing",
			fields[count].name);
	if (ret->weekday & (1 << 7))
		ret->weekday |= 1; /* both are Sunday */
	if (!has_day(ret))
		return err_set(err, EINVAL, "there is no such day in any of the months");
	return 0;
}

int calendar_check(const char *cron, struct oci_error *err)
{
	struct cron parsed;

	return read_cron(cron, &parsed, err);
}

static bool day_matches(const struct cron *cron, const struct tm *tm)
{
	bool day = has(cron->day, tm->tm_mday), weekday = has(cron->weekday, tm->tm_wday);

	if (!has(cron->month, tm->tm_mon + 1))
		return false;
	return cron->any_day || cron->any_weekday ? day && weekday : day || weekday;
}

/*
 * The next opening in [@from, @to), both whole minutes; or -1. Hours that cannot match are passed over: local time is whole
 * minutes off, and a change of the clock falls on a whole hour or half of one, so that it is looked at every quarter at least.
 */
static int64_t next_opening(const struct cron *cron, int64_t from, int64_t to)
{
	for (int64_t at = from; at < to;) {
		time_t t = (time_t)at;
		struct tm tm;

		if (!localtime_r(&t, &tm))
			return -1;
		if (!day_matches(cron, &tm) || !has(cron->hour, tm.tm_hour)) {
			at += (15 - tm.tm_min % 15) * MINUTE;
			continue;
		}
		if (has(cron->minute, tm.tm_min))
			return at;
		at += MINUTE;
	}
	return -1;
}

/*
 * Is the window of @entry open at @clock_s? *change: when that is over, or when it opens next; -1: not within a week. NULL: nobody
 * asks, and it takes long to find.
 */
static bool is_open(const struct spec_calendar *entry, int64_t clock_s, int64_t *change)
{
	int64_t length = (entry->duration_ms + 999) / 1000;
	int64_t minute = clock_s - clock_s % MINUTE, start = clock_s - length, last = -1, at;
	struct cron cron;

	if (change)
		*change = -1;
	if (read_cron(entry->cron, &cron, NULL) < 0)
		return false;
	/* windows that follow each other without a gap are one */
	for (at = next_opening(&cron, start - start % MINUTE, minute + MINUTE); at >= 0;
	     at = next_opening(&cron, at + MINUTE, minute + MINUTE))
		if (at <= clock_s && at + length > clock_s)
			last = at;
	if (!change)
		return last >= 0;
	if (last >= 0) {
		*change = last + length;
		while ((at = next_opening(&cron, last + MINUTE, *change + 1)) >= 0 &&
		       *change < clock_s + LOOK_AHEAD_S) {
			last = at;
			*change = last + length;
		}
		return true;
	}
	*change = next_opening(&cron, minute + MINUTE, minute + LOOK_AHEAD_S);
	return false;
}

unsigned calendar_minimum(const struct spec_calendar *entries, size_t count, int64_t clock_s,
			  int64_t *ret_next)
{
	unsigned minimum = 0;
	int64_t next = 0;

	for (size_t i = 0; i < count; i++) {
		int64_t change = -1;

		if (is_open(&entries[i], clock_s, ret_next ? &change : NULL) &&
		    entries[i].min > minimum)
			minimum = (unsigned)entries[i].min;
		if (change > clock_s && (next == 0 || change < next))
			next = change;
	}
	if (ret_next)
		*ret_next = next;
	return minimum;
}
