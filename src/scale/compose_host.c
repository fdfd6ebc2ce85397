/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compose_host.c - what a service gets of its host: names, limits, devices, sysctls, signals.
 */
#include <arpa/inet.h>
#include <signal.h>
#include <stdlib.h>

#include "base/io.h"
#include "scale/compose-private.h"

#define LIST_MAX 1024

static int add_host(struct reader *reader, const struct at *at, struct spec_pairs *hosts,
		    const char *name, const char *address)
{
	unsigned char binary[16];
	char buf[SHOWN_SIZE], other[SHOWN_SIZE];
	struct spec_pair *more;
	size_t n = strlen(address);

	if (*address == '[' && address[n - 1] == ']') {
		address = oci_arena_strndup(reader->arena, address + 1, n - 2);
		if (!address)
			return fail_nomem(reader);
	}
	if (!*name || strpbrk(name, " \t\n#"))
		return fail(reader, at, "'%s' is no host name", shown(buf, name));
	if (strcmp(address, "host-gateway") != 0 && inet_pton(AF_INET, address, binary) != 1 &&
	    inet_pton(AF_INET6, address, binary) != 1)
		return fail(reader, at, "%s: expected an address, got '%s'", shown(buf, name),
			    shown(other, address));
	for (size_t i = 0; i < hosts->len; i++)
		if (strcmp(hosts->items[i].key, name) == 0 &&
		    strcmp(hosts->items[i].value, address) == 0)
			return 0;
	if (hosts->len >= LIST_MAX)
		return fail(reader, at, "more than %d hosts", LIST_MAX);
	more = array_more(reader->arena, hosts->items, &hosts->len, sizeof(*more));
	if (!more)
		return fail_nomem(reader);
	hosts->items = more;
	more[hosts->len - 1] = (struct spec_pair){ .key = name, .value = address };
	return 0;
}

int read_extra_hosts(struct reader *reader, const struct at *at, void *slot, const struct row *row)
{
	int r = 0;

	(void)row;
	if (at->node->kind != NODE_LIST && at->node->kind != NODE_MAP)
		return fail_expected(reader, at, "a map or a list of NAME:ADDRESS");
	for (size_t i = 0; r == 0 && i < at->node->len; i++) {
		struct at item;
		const char *text;

		if (at->node->kind == NODE_MAP) {
			item = at_key(at, &at->node->entries[i]);
			r = read_string(reader, &item, &text, NULL);
			if (r == 0)
				r = add_host(reader, &item, slot, item.key, text);
		} else {
			size_t n;
			char *name;

			item = at_index(at, i);
			r = read_string(reader, &item, &text, NULL);
			if (r < 0)
				break;
			n = strcspn(text, "=:");
			name = oci_arena_strndup(reader->arena, text, n);
			if (!name)
				return fail_nomem(reader);
			r = !text[n] || !text[n + 1]
				    ? fail_expected(reader, &item, "NAME:ADDRESS")
				    : add_host(reader, &item, slot, name, text + n + 1);
		}
	}
	return r;
}

static int read_limit(struct reader *reader, const struct at *at, void *slot, const struct row *row)
{
	int64_t value;

	(void)row;
	if (at->node->kind != NODE_SCALAR)
		return fail_expected(reader, at, "a number, or soft and hard");
	if (strcmp(at->node->text, "unlimited") == 0)
		value = -1;
	else if (parse_i64(at->node->text, &value) < 0 || value < -1)
		return fail_expected(reader, at, "a number, -1 for no limit");
	*(int64_t *)slot = value;
	return 0;
}

static const struct row limit_rows[] = {
	ROW("soft", read_limit, offsetof(struct spec_ulimit, soft)),
	ROW("hard", read_limit, offsetof(struct spec_ulimit, hard)), ROWS_END
};

static int read_ulimit(struct reader *reader, const struct at *at, struct spec_ulimit *limit)
{
	static const char *const names[] = { "as",    "core",    "cpu",      "data",   "fsize",
					     "locks", "memlock", "msgqueue", "nice",   "nofile",
					     "nproc", "rss",     "rtprio",   "rttime", "sigpending",
					     "stack", NULL };
	bool known = false;
	int r;

	for (size_t i = 0; names[i]; i++)
		known |= strcmp(names[i], at->key) == 0;
	if (!known)
		return fail(reader, at, "no such limit; setrlimit(2) lists them");
	limit->name = at->key;
	limit->soft = limit->hard = -2;
	if (at->node->kind != NODE_MAP) {
		r = read_limit(reader, at, &limit->soft, NULL);
		limit->hard = limit->soft;
		return r;
	}
	r = read_map(reader, at, limit_rows, limit);
	if (r == 0 && (limit->soft == -2 || limit->hard == -2))
		return fail(reader, at, "%s is missing", limit->soft == -2 ? "soft" : "hard");
	if (r == 0 && limit->hard >= 0 && (limit->soft < 0 || limit->soft > limit->hard))
		return fail(reader, at, "soft is more than hard");
	return r;
}

int read_ulimits(struct reader *reader, const struct at *at, void *slot, const struct row *row)
{
	struct spec_service *service = slot;
	int r = need_map(reader, at);

	(void)row;
	if (r < 0)
		return r;
	service->ulimits =
		oci_arena_array(reader->arena, at->node->len + 1, sizeof(*service->ulimits));
	if (!service->ulimits)
		return fail_nomem(reader);
	for (size_t i = 0; r == 0 && i < at->node->len; i++) {
		struct at item = at_key(at, &at->node->entries[i]);

		r = read_ulimit(reader, &item, &service->ulimits[i]);
	}
	service->ulimits_len = r == 0 ? at->node->len : 0;
	return r;
}

/* HOST[:CONTAINER[:rwm]] */
int read_devices(struct reader *reader, const struct at *at, void *slot, const struct row *row)
{
	struct strings *devices = slot;
	int r = read_unique(reader, at, slot, row);

	for (size_t i = 0; r == 0 && i < devices->len; i++) {
		const char *text = devices->items[i], *second = strchr(text, ':');
		const char *third = second ? strchr(second + 1, ':') : NULL;
		bool good = *text == '/' && (!second || second[1] == '/' || (!third && second[1]));

		if (second && !third && second[1] != '/')
			third = second;
		if (third)
			good = good && third[1] && strspn(third + 1, "rwm") == strlen(third + 1);
		if (!good) {
			struct at item = at_index(at, i < at->node->len ? i : 0);

			return fail_expected(reader, &item, "/dev/HOST[:/dev/CONTAINER[:rwm]]");
		}
	}
	return r;
}

int read_sysctls(struct reader *reader, const struct at *at, void *slot, const struct row *row)
{
	struct spec_pairs *pairs = slot;
	int r = read_pairs(reader, at, slot, row);

	for (size_t i = 0; r == 0 && i < pairs->len; i++)
		if (!pairs->items[i].value || strpbrk(pairs->items[i].key, " /"))
			return fail(reader, at,
				    "%s: expected NAME: VALUE, such as net.core.somaxconn",
				    pairs->items[i].key);
	return r;
}

/* "SIGTERM", "TERM", "15": as SIGTERM where it has a name. */
int read_signal(struct reader *reader, const struct at *at, void *slot, const struct row *row)
{
	const char *text, *name;
	int64_t number;
	int r = read_string(reader, at, &text, row);

	if (r < 0)
		return r;
	if (parse_i64(text, &number) == 0 && number > 0 && number <= SIGRTMAX) {
		const char *abbreviation = sigabbrev_np((int)number);

		*(const char **)slot =
			abbreviation ? oci_arena_printf(reader->arena, "SIG%s", abbreviation)
				     : text;
		return *(const char **)slot ? 0 : fail_nomem(reader);
	}
	name = strncmp(text, "SIG", 3) == 0 ? text + 3 : text;
	for (int i = 1; i < SIGRTMIN; i++) {
		const char *abbreviation = sigabbrev_np(i);

		if (abbreviation && strcmp(abbreviation, name) == 0) {
			*(const char **)slot = oci_arena_printf(reader->arena, "SIG%s", name);
			return *(const char **)slot ? 0 : fail_nomem(reader);
		}
	}
	if (strncmp(name, "RTMIN", 5) == 0 || strncmp(name, "RTMAX", 5) == 0) {
		*(const char **)slot = text;
		return 0;
	}
	return fail_expected(reader, at, "a signal such as SIGTERM");
}

int read_dns(struct reader *reader, const struct at *at, void *slot, const struct row *row)
{
	const struct strings *servers = slot;
	unsigned char binary[16];
	char buf[SHOWN_SIZE];
	int r = read_string_or_strings(reader, at, slot, row);

	for (size_t i = 0; r == 0 && i < servers->len; i++)
		if (inet_pton(AF_INET, servers->items[i], binary) != 1 &&
		    inet_pton(AF_INET6, servers->items[i], binary) != 1)
			r = fail(reader, at, "expected an address, got '%s'",
				 shown(buf, servers->items[i]));
	return r;
}

/* cpuset(7), list format: 0-3,5 */
int read_cpuset(struct reader *reader, const struct at *at, void *slot, const struct row *row)
{
	const char *text;
	bool good = true;
	int r = read_string(reader, at, &text, row);

	if (r < 0)
		return r;
	for (const char *p = text; good; p++) {
		size_t n = strspn(p, "0123456789"), last;

		good = n > 0 && n <= 4;
		if (good && p[n] == '-') {
			last = strspn(p + n + 1, "0123456789");
			good = last > 0 && last <= 4 &&
			       strtoul(p, NULL, 10) <= strtoul(p + n + 1, NULL, 10);
			n += 1 + last;
		}
		p += n;
		good = good && (!*p || *p == ',');
		if (!good || !*p)
			break;
	}
	if (!good)
		return fail_expected(reader, at, row->why);
	*(const char **)slot = text;
	return 0;
}
