/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_events.c - what happened, and what happens.
 */
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/io.h"
#include "cli/common.h"

struct events_args {
	bool no_follow;
	const char *since, *until, *format;
	struct opt_list filters;
};

static const struct opt events_opts[] = {
	{ "filter", 0, OPT_LIST, offsetof(struct events_args, filters), "KEY=VALUE",
	  "kind, action, project, service or container; repeatable" },
	FORMAT_OPTION(struct events_args),
	{ "no-follow", 0, OPT_FLAG, offsetof(struct events_args, no_follow), NULL,
	  "print those that are kept, and end" },
	{ "since", 0, OPT_STRING, offsetof(struct events_args, since), "TIME",
	  "not earlier: 2026-01-31T08:00:00Z, seconds since 1970, or a time ago such as 10m" },
	{ "until", 0, OPT_STRING, offsetof(struct events_args, until), "TIME",
	  "not later; with a time that has passed nothing is waited for" },
	{ .name = NULL },
};

struct events {
	const struct events_args *args;
	int64_t since, until; /* -1: none */
	bool json;
};

#define AGO_MAX 1000000000 /* of one unit; what is more would overflow */

/* "10m", "1h30m", "1700000000", RFC 3339. -1: none of these */
static int64_t time_given(const char *text)
{
	static const struct {
		char letter;
		int64_t seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
	int64_t ago = 0, seconds = time_parse(text), number;
	char *end;

	if (seconds >= 0)
		return seconds;
	if (parse_i64(text, &number) == 0)
		return number;
	while (*text) {
		size_t i = 0;

		number = strtoll(text, &end, 10);
		while (i < ARRAY_LEN(units) && units[i].letter != *end)
			i++;
		if (end == text || i == ARRAY_LEN(units) || number < 0 || number > AGO_MAX)
			return -1;
		ago += number * units[i].seconds;
		text = end + 1;
	}
	return (int64_t)time(NULL) - ago;
}

static int parse_time(const char *option, const char *text, int64_t *ret, struct oci_error *err)
{
	*ret = text ? time_given(text) : -1;
	return text && *ret < 0 ? err_set_as(err, ERR_USAGE, EINVAL,
					     "invalid value \"%s\" for --%s: expected "
					     "2026-01-31T08:00:00Z, seconds "
					     "since 1970, or a time ago such as 10m",
					     text, option)
				: 0;
}

static bool matches(const struct opt_list *filters, yajl_val event)
{
	for (size_t i = 0; i < filters->len; i++) {
		const char *text = filters->items[i], *value = strchr(text, '=') + 1;
		char key[32] = "";

		snprintf(key, sizeof(key), "%.*s", (int)(value - text - 1), text);
		if (strcmp(json_text(event, key), value) != 0)
			return false;
	}
	return true;
}

static int check_filters(const struct opt_list *filters, struct oci_error *err)
{
	static const char *const keys[] = { "kind=", "action=", "project=", "service=",
					    "container=" };

	for (size_t i = 0; i < filters->len; i++) {
		bool known = false;

		for (size_t k = 0; k < ARRAY_LEN(keys); k++)
			known |= strncmp(filters->items[i], keys[k], strlen(keys[k])) == 0;
		if (!known)
			return err_set_as(
				err, ERR_USAGE, EINVAL,
				"invalid value \"%s\" for --filter: expected kind=, action=, "
				"project=, service= or container=",
				filters->items[i]);
	}
	return 0;
}

static void print_event(yajl_val event)
{
	const char *subject[] = { json_text(event, "container"), json_text(event, "service"),
				  json_text(event, "project") };
	const char *words = json_text(event, "words"), *who = "";
	long long status = json_int(event, "status", -1);

	for (size_t i = ARRAY_LEN(subject); i > 0; i--)
		who = *subject[i - 1] ? subject[i - 1] : who;
	term_put(stdout, json_text(event, "at"), 0);
	printf(" %s %s ", json_text(event, "kind"), json_text(event, "action"));
	term_put(stdout, who, 0);
	if (status >= 0)
		printf(" (status %lld)", status);
	if (*words) {
		fputs(": ", stdout);
		term_put(stdout, words, 0);
	}
	(void)putchar('\n');
}

#define ENOUGH 1

static int one_event(void *ctx, char *text)
{
	struct events *events = ctx;
	CLEANUP_JSON yajl_val event = NULL;
	int64_t at;

	if (json_parse(text, "an event", &event, NULL) < 0)
		return 0;
	at = time_parse(json_text(event, "at"));
	if (events->until >= 0 && at > events->until)
		return ENOUGH;
	if ((events->since >= 0 && at < events->since) || !matches(&events->args->filters, event))
		return 0;
	if (events->json)
		puts(text);
	else
		print_event(event);
	return fflush(stdout) ? -EIO : 0;
}

/* As docker: without --since or --until only what is new. */
static int print_events(struct events *events, bool follow, struct oci_error *err)
{
	CLEANUP_JSON yajl_val info = NULL;
	char path[96];
	int r = 0;

	if (follow && events->since < 0 && events->until < 0)
		r = client_get(&info, err, "/v1/info");
	if (r < 0)
		return r;
	snprintf(path, sizeof(path), "/v1/events?after=%lld%s", json_int(info, "serial", 0),
		 follow ? "&follow=1" : "");
	return client_lines(path, one_event, events, err);
}

static int events_run(void *options, char **operands, int count, struct oci_error *err)
{
	struct events_args *args = options;
	struct events events = { .args = args };
	bool follow;
	int r = common_format(args->format, &events.json, err);

	(void)operands;
	(void)count;
	if (r == 0)
		r = parse_time("since", args->since, &events.since, err);
	if (r == 0)
		r = parse_time("until", args->until, &events.until, err);
	if (r == 0)
		r = check_filters(&args->filters, err);
	if (r == 0) {
		follow = !args->no_follow &&
			 !(events.until >= 0 && events.until <= (int64_t)time(NULL));
		r = print_events(&events, follow, err);
		if (r == -EIO)
			r = err_set(err, EIO, "write to stdout");
	}
	opt_list_free(&args->filters);
	return r < 0 ? r : 0;
}

const struct cmd cmd_events = {
	.command = {
		.name = "events",
		.usage = "[OPTIONS]",
		.summary = "print what happened and what happens",
		.opts = events_opts,
		.positional_after = -1,
	},
	.options_size = sizeof(struct events_args),
	.run = events_run,
};
