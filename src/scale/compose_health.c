/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compose_health.c - healthcheck, and x-carte.probe: http and tcp.
 */
#include "scale/compose-private.h"

#define TEST_EXPECTED "NONE, CMD or CMD-SHELL first"

struct health {
	struct spec_probe probe;
	bool disable, has_test;
};

static int set_shell(struct reader *reader, const char *text, struct health *health)
{
	int r = strings_add(reader, &health->probe.command, "/bin/sh");

	if (r == 0)
		r = strings_add(reader, &health->probe.command, "-c");
	if (r == 0)
		r = strings_add(reader, &health->probe.command, text);
	health->probe.kind = SPEC_PROBE_EXEC;
	return r;
}

static int read_test_list(struct reader *reader, const struct at *at, struct health *health)
{
	struct strings words = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < at->node->len; i++) {
		struct at item = at_index(at, i);
		const char *text;

		r = read_text(reader, &item, &text, NULL);
		if (r == 0)
			r = strings_add(reader, &words, text);
	}
	if (r < 0)
		return r;
	if (words.len == 0)
		return fail(reader, at, "expected " TEST_EXPECTED);
	if (strcmp(words.items[0], "NONE") == 0) {
		health->disable = true;
		return words.len > 1 ? fail(reader, at, "NONE takes nothing behind it") : 0;
	}
	if (strcmp(words.items[0], "CMD-SHELL") == 0) {
		if (words.len != 2 || !*words.items[1])
			return fail(reader, at, "CMD-SHELL takes one text");
		return set_shell(reader, words.items[1], health);
	}
	if (strcmp(words.items[0], "CMD") != 0) {
		struct at item = at_index(at, 0);

		return fail_expected(reader, &item, TEST_EXPECTED);
	}
	if (words.len < 2 || !*words.items[1])
		return fail(reader, at, "CMD takes a program");
	health->probe.kind = SPEC_PROBE_EXEC;
	health->probe.command.items = words.items + 1;
	health->probe.command.len = words.len - 1;
	return 0;
}

static int read_test(struct reader *reader, const struct at *at, void *slot, const struct row *row)
{
	struct health *health = slot;

	(void)row;
	health->has_test = true;
	if (at->node->kind == NODE_LIST)
		return read_test_list(reader, at, health);
	if (at->node->kind != NODE_SCALAR || !*at->node->text)
		return fail_expected(reader, at, "a text or a list");
	return set_shell(reader, at->node->text, health);
}

static const struct row health_rows[] = {
	ROW("test", read_test, 0),
	ROW("disable", read_bool, offsetof(struct health, disable)),
	ROW("interval", read_time, offsetof(struct health, probe.interval_ms), .min = 1),
	ROW("timeout", read_time, offsetof(struct health, probe.timeout_ms), .min = 1),
	ROW("start_period", read_time, offsetof(struct health, probe.start_period_ms)),
	ROW("start_interval", read_time, offsetof(struct health, probe.start_interval_ms),
	    .min = 1),
	ROW("retries", read_int, offsetof(struct health, probe.retries), .min = 1, .max = 1000),
	ROWS_END
};

static const struct spec_probe not_given = {
	.kind = SPEC_PROBE_IMAGE,
	.interval_ms = -1,
	.timeout_ms = -1,
	.start_period_ms = -1,
	.start_interval_ms = -1,
	.retries = -1,
};

int read_healthcheck(struct reader *reader, const struct at *at, void *slot, const struct row *row)
{
	struct health health = { .probe = not_given };
	int r = read_map(reader, at, health_rows, &health);

	(void)row;
	if (r < 0)
		return r;
	if (health.disable) {
		health.probe = not_given;
		health.probe.kind = SPEC_PROBE_NONE;
	}
	*(struct spec_probe *)slot = health.probe;
	return 0;
}

struct carte_probe {
	struct spec_probe probe;
	bool http, tcp;
	int64_t port;
};

static int read_path(struct reader *reader, const struct at *at, void *slot, const struct row *row)
{
	int r = read_string(reader, at, slot, row);

	if (r < 0)
		return r;
	return *at->node->text != '/' || strchr(at->node->text, ' ')
		       ? fail_expected(reader, at, "a path such as /healthz")
		       : 0;
}

static int read_http(struct reader *reader, const struct at *at, void *slot, const struct row *row)
{
	static const struct row rows[] = {
		ROW("port", read_int, offsetof(struct carte_probe, port), .min = 1, .max = 65535),
		ROW("path", read_path, offsetof(struct carte_probe, probe.path)), ROWS_END
	};
	struct carte_probe *probe = slot;

	(void)row;
	probe->http = true;
	probe->probe.kind = SPEC_PROBE_HTTP;
	return read_map(reader, at, rows, slot);
}

static int read_tcp(struct reader *reader, const struct at *at, void *slot, const struct row *row)
{
	static const struct row rows[] = { ROW("port", read_int, offsetof(struct carte_probe, port),
					       .min = 1, .max = 65535),
					   ROWS_END };
	struct carte_probe *probe = slot;

	(void)row;
	probe->tcp = true;
	probe->probe.kind = SPEC_PROBE_TCP;
	return read_map(reader, at, rows, slot);
}

static const struct row probe_rows[] = {
	ROW("http", read_http, 0),
	ROW("tcp", read_tcp, 0),
	ROW("interval", read_time, offsetof(struct carte_probe, probe.interval_ms), .min = 10),
	ROW("timeout", read_time, offsetof(struct carte_probe, probe.timeout_ms), .min = 1),
	ROW("start_period", read_time, offsetof(struct carte_probe, probe.start_period_ms)),
	ROW("start_interval", read_time, offsetof(struct carte_probe, probe.start_interval_ms),
	    .min = 1),
	ROW("retries", read_int, offsetof(struct carte_probe, probe.retries), .min = 1,
	    .max = 1000),
	ROWS_END
};

/* Read after healthcheck: the same file keeps its healthcheck for Docker. */
int read_carte_probe(struct reader *reader, const struct at *at, void *slot, const struct row *row)
{
	struct carte_probe from = { .probe = not_given };
	int r = read_map(reader, at, probe_rows, &from);

	(void)row;
	if (r < 0)
		return r;
	if (from.http == from.tcp)
		return fail(reader, at, "expected one of http and tcp");
	if (!from.port)
		return fail(reader, at, "%s.port is missing", from.http ? "http" : "tcp");
	from.probe.port = (uint16_t)from.port;
	if (from.http && !from.probe.path)
		from.probe.path = "/";
	*(struct spec_probe *)slot = from.probe;
	return 0;
}

static void set_default(int64_t *slot, int64_t value)
{
	if (*slot < 0)
		*slot = value;
}

/* Docker's for healthcheck; what x-carte.probe costs is little, so that it may come more often. */
void probe_defaults(struct spec_probe *probe)
{
	bool exec = probe->kind == SPEC_PROBE_EXEC;

	if (probe->kind == SPEC_PROBE_NONE || probe->kind == SPEC_PROBE_IMAGE)
		return;
	set_default(&probe->interval_ms, exec ? 30000 : 5000);
	set_default(&probe->timeout_ms, exec ? 30000 : 2000);
	set_default(&probe->start_period_ms, exec ? 0 : 30000);
	set_default(&probe->retries, 3);
}
