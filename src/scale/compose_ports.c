/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compose_ports.c - published ports: [[ADDRESS:]PUBLISHED:]TARGET[/PROTOCOL] with ranges, and the long form.
 */
#include <arpa/inet.h>
#include <stdio.h>

#include "scale/compose-private.h"

#define PORTS_EXPECTED "[[ADDRESS:]PUBLISHED:]TARGET[/tcp|/udp], such as 8080:80"

struct range {
	uint16_t first, last; /* 0: not given */
};

struct port_text {
	const char *host_ip, *published, *target, *protocol;
};

struct port_list {
	struct spec_port *items;
	size_t len;
};

static int read_range(struct reader *reader, const struct at *at, const char *text,
		      struct range *ret)
{
	char first[8] = "", buf[SHOWN_SIZE];
	const char *dash = strchr(text, '-'), *last = dash ? dash + 1 : text;
	size_t n = dash ? (size_t)(dash - text) : strlen(text);

	if (n < sizeof(first))
		memcpy(first, text, n);
	if (value_port(first, &ret->first) < 0 || value_port(last, &ret->last) < 0)
		return fail(reader, at, "'%s' is no port: expected 1 to 65535, or a range of them",
			    shown(buf, text));
	if (ret->last < ret->first)
		return fail(reader, at, "the range %s ends before it begins", shown(buf, text));
	if (ret->last - ret->first >= COMPOSE_PORTS_MAX)
		return fail(reader, at, "the range %s is of more than %d ports", shown(buf, text),
			    COMPOSE_PORTS_MAX);
	return 0;
}

static int read_address(struct reader *reader, const struct at *at, const char *text,
			const char **ret)
{
	struct in_addr v4;
	char buf[SHOWN_SIZE];

	if (strchr(text, ':'))
		return fail(reader, at, "host address %s: only IPv4 addresses are published",
			    shown(buf, text));
	if (inet_pton(AF_INET, text, &v4) != 1)
		return fail(reader, at, "'%s' is no IPv4 address", shown(buf, text));
	*ret = v4.s_addr == 0 ? NULL : text; /* 0.0.0.0: all */
	return 0;
}

static int add_port(struct reader *reader, const struct at *at, struct port_list *list,
		    const struct spec_port *port)
{
	struct spec_port *more;

	for (size_t i = 0; i < list->len; i++) {
		const struct spec_port *other = &list->items[i];

		if (other->target == port->target && other->published == port->published &&
		    other->protocol == port->protocol &&
		    strcmp(other->host_ip ?: "", port->host_ip ?: "") == 0)
			return 0; /* files that are merged repeat them */
	}
	if (list->len >= COMPOSE_PORTS_MAX)
		return fail(reader, at, "more than %d ports", COMPOSE_PORTS_MAX);
	more = array_more(reader->arena, list->items, &list->len, sizeof(*more));
	if (!more)
		return fail_nomem(reader);
	list->items = more;
	more[list->len - 1] = *port;
	return 0;
}

static int read_protocol(struct reader *reader, const struct at *at, const char *text,
			 enum spec_protocol *ret)
{
	char buf[SHOWN_SIZE];

	if (strcmp(text, "tcp") != 0 && strcmp(text, "udp") != 0)
		return fail(reader, at, "protocol '%s': expected tcp or udp", shown(buf, text));
	*ret = *text == 't' ? SPEC_TCP : SPEC_UDP;
	return 0;
}

static int add_range(struct reader *reader, const struct at *at, const struct port_text *text,
		     struct port_list *list)
{
	struct spec_port port = { .protocol = SPEC_TCP };
	struct range published = { 0 }, target;
	int r = read_range(reader, at, text->target, &target);
	unsigned count;

	if (r == 0 && text->published && *text->published)
		r = read_range(reader, at, text->published, &published);
	if (r == 0 && text->host_ip)
		r = read_address(reader, at, text->host_ip, &port.host_ip);
	if (r == 0 && text->protocol)
		r = read_protocol(reader, at, text->protocol, &port.protocol);
	if (r < 0)
		return r;
	count = target.last - target.first + 1u;
	if (published.first && published.last - published.first + 1u != count)
		return fail(reader, at,
			    "%u published ports for %u of the container: the ranges "
			    "must be of one length",
			    published.last - published.first + 1u, count);
	for (unsigned i = 0; r == 0 && i < count; i++) {
		port.target = (uint16_t)(target.first + i);
		port.published = published.first ? (uint16_t)(published.first + i) : 0;
		r = add_port(reader, at, list, &port);
	}
	return r;
}

static int read_short(struct reader *reader, const struct at *at, struct port_list *list)
{
	struct port_text text = { 0 };
	char *copy = oci_arena_strdup(reader->arena, at->node->text), *mark;

	if (!copy)
		return fail_nomem(reader);
	mark = strchr(copy, '/');
	if (mark) {
		*mark = '\0';
		text.protocol = mark + 1;
	}
	mark = strrchr(copy, ':');
	text.target = mark ? mark + 1 : copy;
	if (mark) {
		*mark = '\0';
		mark = strrchr(copy, ':');
		text.published = mark ? mark + 1 : copy;
		if (mark) {
			*mark = '\0';
			text.host_ip = copy;
			mark = strchr(copy, ']');
			if (*copy == '[' && mark) {
				*mark = '\0';
				text.host_ip = copy + 1;
			}
		}
	}
	if (!*text.target || (text.published && !*text.published && !text.host_ip))
		return fail_expected(reader, at, PORTS_EXPECTED);
	return add_range(reader, at, &text, list);
}

struct long_port {
	const char *target, *published, *host_ip, *protocol, *mode;
};

static int read_mode_word(struct reader *reader, const struct at *at, void *slot,
			  const struct row *row)
{
	static const char *const words[] = { "ingress", "host", NULL };
	int index;

	(void)slot;
	(void)row;
	return read_word(reader, at, words, &index);
}

static const struct row long_rows[] = {
	ROW("target", read_string, offsetof(struct long_port, target), .why = "a port"),
	ROW("published", read_string, offsetof(struct long_port, published), .why = "a port"),
	ROW("host_ip", read_string, offsetof(struct long_port, host_ip), .why = "an address"),
	ROW("protocol", read_string, offsetof(struct long_port, protocol), .why = "tcp or udp"),
	ROW("mode", read_mode_word, 0),
	IGNORED("name"),
	IGNORED("app_protocol"),
	ROWS_END
};

static int read_long(struct reader *reader, const struct at *at, struct port_list *list)
{
	struct long_port port = { 0 };
	struct port_text text;
	int r = read_map(reader, at, long_rows, &port);

	if (r < 0)
		return r;
	if (!port.target)
		return fail(reader, at, "target is missing");
	text = (struct port_text){ .host_ip = port.host_ip,
				   .published = port.published && strcmp(port.published, "0") == 0
							? NULL
							: port.published,
				   .target = port.target,
				   .protocol = port.protocol };
	return add_range(reader, at, &text, list);
}

int read_ports(struct reader *reader, const struct at *at, void *slot, const struct row *row)
{
	struct spec_service *service = slot;
	struct port_list list = { 0 };
	int r = need_list(reader, at);

	(void)row;
	for (size_t i = 0; r == 0 && i < at->node->len; i++) {
		struct at item = at_index(at, i);

		if (item.node->kind == NODE_MAP)
			r = read_long(reader, &item, &list);
		else if (item.node->kind == NODE_SCALAR)
			r = read_short(reader, &item, &list);
		else
			r = fail_expected(reader, &item, PORTS_EXPECTED);
	}
	service->ports = list.items;
	service->ports_len = list.len;
	return r;
}

/* Between services every port is open here: it is checked, and kept for export. */
int read_expose(struct reader *reader, const struct at *at, void *slot, const struct row *row)
{
	struct spec_service *service = slot;
	struct port_list list = { 0 };
	int r = need_list(reader, at);

	(void)row;
	for (size_t i = 0; r == 0 && i < at->node->len; i++) {
		struct at item = at_index(at, i);

		if (item.node->kind != NODE_SCALAR || strchr(item.node->text, ':'))
			r = fail_expected(reader, &item, "PORT[/tcp|/udp]");
		else
			r = read_short(reader, &item, &list);
	}
	service->exposed = list.items;
	service->exposed_len = list.len;
	return r;
}
