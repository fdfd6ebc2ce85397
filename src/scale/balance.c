/* SPDX-License-Identifier: Apache-2.0 */
/*
 * balance.c - the table's text, and its exchange. IPv4 only: replicas have no other addresses.
 *
 * The table is removed and made again in one transaction: a packet sees the old one or the new one, and NAT of the flows that exist
 * is conntrack's, not the rules'. Its base chains are there even without ports, for the hooks that conntrack's NAT hangs on.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "scale/balance.h"
#include "scale/nft.h"

#define WEIGHT_MAX 1000
#define TEXT_LARGE 16384

struct balance {
	char table[64];
	struct nft_ctx *nft; /* kept: closing its socket waits 12 ms for the old rules to be gone */
	char *applied;       /* NULL: what the kernel has is not known */
	unsigned turn;
};

int balance_new(const char *table, struct balance **ret, struct oci_error *err)
{
	struct balance *balance;
	int r;

	if (!*table || strlen(table) >= sizeof(balance->table))
		return err_set(err, EINVAL, "'%s' is no name for a table", table);
	balance = calloc(1, sizeof(*balance));
	if (!balance)
		return err_nomem(err);
	(void)snprintf(balance->table, sizeof(balance->table), "%s", table);
	r = nft_open(&balance->nft, err);
	if (r < 0) {
		free(balance);
		return r;
	}
	*ret = balance;
	return 0;
}

void balance_free(struct balance *balance)
{
	if (!balance)
		return;
	nft_closep(&balance->nft);
	free(balance->applied);
	free(balance);
}

void balance_idle(struct balance *balance)
{
	nft_closep(&balance->nft);
}

/* ---- the text ---------------------------------------------------------------------------------------------------- */

static const char *address_text(struct in_addr address, char buf[INET_ADDRSTRLEN])
{
	return inet_ntop(AF_INET, &address, buf, INET_ADDRSTRLEN);
}

static unsigned weight_of(const struct balance_backend *backend)
{
	return backend->weight > WEIGHT_MAX ? WEIGHT_MAX : backend->weight;
}

static unsigned weight_sum(const struct balance_port *port)
{
	unsigned sum = 0;

	for (size_t i = 0; i < port->count; i++)
		sum += weight_of(&port->backends[i]);
	return sum;
}

static void put_match(FILE *out, const struct balance_port *port)
{
	char buf[INET_ADDRSTRLEN];

	if (port->host.s_addr != INADDR_ANY)
		(void)fprintf(out, "ip daddr %s ", address_text(port->host, buf));
	(void)fprintf(out, "%s dport %u ", port->protocol == SPEC_UDP ? "udp" : "tcp",
		      port->published);
}

/* Each backend has as many of the numbers from 0 to the sum as its weight is; the first one is @shift's. */
static void put_map(FILE *out, const struct balance_port *port, size_t shift)
{
	unsigned from = 0;

	for (size_t i = 0; i < port->count; i++) {
		const struct balance_backend *backend = &port->backends[(i + shift) % port->count];
		unsigned weight = weight_of(backend);
		char buf[INET_ADDRSTRLEN];

		if (weight == 0)
			continue;
		(void)fprintf(out, "%s%u", from ? ", " : " ", from);
		if (weight > 1)
			(void)fprintf(out, "-%u", from + weight - 1);
		(void)fprintf(out, " : %s", address_text(backend->address, buf));
		from += weight;
	}
}

/*
 * A counter begins at 0 in each new table: with many exchanges the first backend would get more than its share, so it is another one
 * each time. A source's hash must lead to the same backend in the next table, so there the order stays.
 */
static void put_dnat(FILE *out, const struct balance_port *port, unsigned turn)
{
	unsigned sum = weight_sum(port);

	if (sum == 0)
		return;
	(void)fputs("\t\t", out);
	put_match(out, port);
	if (port->protocol == SPEC_UDP)
		(void)fprintf(out,
			      "dnat to jhash ip saddr . udp sport mod %u seed 0x63617274 map {",
			      sum);
	else
		(void)fprintf(out, "dnat to numgen inc mod %u map {", sum);
	put_map(out, port, port->protocol == SPEC_UDP ? 0 : turn % port->count);
	(void)fprintf(out, " } : %u\n", port->target);
}

/* Nobody of the host's listens there, but a firewall of the host's might swallow it. */
static void put_reject(FILE *out, const struct balance_port *port)
{
	if (weight_sum(port) != 0)
		return;
	(void)fputs("\t\tct state new fib daddr type local ", out);
	put_match(out, port);
	(void)fprintf(out, "reject%s\n",
		      port->protocol == SPEC_UDP ? " with icmp type port-unreachable"
						 : " with tcp reset");
}

static int address_order(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct in_addr));
}

/* Replicas that talk to themselves and to each other through the published port: the answer must come back this way. */
static int put_backends(FILE *out, const struct balance_port *ports, size_t count)
{
	CLEANUP_FREE struct in_addr *all = NULL;
	char buf[INET_ADDRSTRLEN];
	size_t len = 0, n = 0;

	for (size_t i = 0; i < count; i++)
		len += ports[i].count;
	if (len == 0)
		return 0;
	all = calloc(len, sizeof(*all));
	if (!all)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < ports[i].count; j++)
			all[n++] = ports[i].backends[j].address;
	qsort(all, len, sizeof(*all), address_order);
	(void)fputs("\tset backends {\n\t\ttype ipv4_addr\n\t\telements = {", out);
	for (size_t i = 0; i < len; i++)
		if (i == 0 || all[i].s_addr != all[i - 1].s_addr)
			(void)fprintf(out, "%s%s", i ? ", " : " ", address_text(all[i], buf));
	(void)fputs(" }\n\t}\n", out);
	return 1;
}

static int put_table(FILE *out, const struct balance *balance, const struct balance_port *ports,
		     size_t count, unsigned turn)
{
	int some;

	(void)fprintf(out, "add table ip %s\ndelete table ip %s\ntable ip %s {\n", balance->table,
		      balance->table, balance->table);
	some = put_backends(out, ports, count);
	if (some < 0)
		return some;
	(void)fputs("\tchain ports {\n", out);
	for (size_t i = 0; i < count; i++)
		put_dnat(out, &ports[i], turn);
	(void)fputs("\t}\n\tchain prerouting {\n\t\ttype nat hook prerouting priority -100\n"
		    "\t\tfib daddr type local jump ports\n\t}\n"
		    "\tchain output {\n\t\ttype nat hook output priority -100\n"
		    "\t\tfib daddr type local jump ports\n\t}\n"
		    "\tchain postrouting {\n\t\ttype nat hook postrouting priority 100\n"
		    "\t\tip saddr 127.0.0.0/8 ct status dnat masquerade\n",
		    out);
	if (some)
		(void)fputs("\t\tip saddr @backends ip daddr @backends ct status dnat masquerade\n",
			    out);
	(void)fputs("\t}\n\tchain input {\n\t\ttype filter hook input priority -5\n", out);
	for (size_t i = 0; i < count; i++)
		put_reject(out, &ports[i]);
	(void)fputs("\t}\n}\n", out);
	return 0;
}

/* heap; NULL: out of memory */
static char *table_text(const struct balance *balance, const struct balance_port *ports,
			size_t count, unsigned turn)
{
	CLEANUP_FREE char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	int r;

	if (!out)
		return NULL;
	r = put_table(out, balance, ports, count, turn);
	return fclose(out) == 0 && r == 0 ? TAKE_PTR(text) : NULL;
}

/* ---- the exchange ------------------------------------------------------------------------------------------------ */

/* A table of a thousand backends takes 2 MiB while it is read, and the allocator would keep them. */
static int exchange(struct balance *balance, const char *text, struct oci_error *err)
{
	int r = balance->nft ? 0 : nft_open(&balance->nft, err);

	if (r < 0)
		return r;
	r = nft_run(balance->nft, text, err);
	if (strlen(text) > TEXT_LARGE)
		(void)malloc_trim(0);
	return r;
}

int balance_apply(struct balance *balance, const struct balance_port *ports, size_t count,
		  struct oci_error *err)
{
	CLEANUP_FREE char *plain = table_text(balance, ports, count, 0);
	CLEANUP_FREE char *text = NULL;
	int r;

	if (!plain)
		return err_nomem(err);
	if (balance->applied && strcmp(plain, balance->applied) == 0)
		return 0;
	text = table_text(balance, ports, count, ++balance->turn);
	r = text ? exchange(balance, text, err) : err_nomem(err);
	if (r < 0) {
		err_prefix(err, "publish ports: ");
		return r;
	}
	free(balance->applied);
	balance->applied = TAKE_PTR(plain);
	return 0;
}

int balance_verify(struct balance *balance, struct oci_error *err)
{
	int r;

	if (!balance->applied)
		return 0;
	r = balance->nft ? 0 : nft_open(&balance->nft, err);
	if (r < 0 || nft_table_exists(balance->nft, balance->table))
		return r;
	r = exchange(balance, balance->applied, err);
	if (r < 0)
		err_prefix(err, "publish ports again: ");
	return r;
}

int balance_remove(struct balance *balance, struct oci_error *err)
{
	char text[2 * sizeof(balance->table) + 64];
	int r;

	(void)snprintf(text, sizeof(text), "add table ip %s\ndelete table ip %s\n", balance->table,
		       balance->table);
	r = exchange(balance, text, err);
	if (r < 0) {
		err_prefix(err, "remove published ports: ");
		return r;
	}
	free(balance->applied);
	balance->applied = NULL;
	return 0;
}
