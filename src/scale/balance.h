/* SPDX-License-Identifier: Apache-2.0 */
/*
 * balance.h - published ports: one nftables table of ours ("carte", family ip), replaced whole in one transaction through libnftables.
 *
 * NAT is asked for the first packet of a flow only, so that a backend that leaves the table keeps its flows to their end.
 * TCP: round robin, or least connections by weights that the supervisor renews. UDP: by a hash of the source, and flows of a backend
 * that died are forgotten in conntrack, so that the source is sent to a living one.
 */
#ifndef CARTE_SCALE_BALANCE_H
#define CARTE_SCALE_BALANCE_H

#include <netinet/in.h>
#include <stdbool.h>

#include "scale/spec.h"

struct balance;
struct oci_error;

struct balance_backend {
	struct in_addr address;
	unsigned weight; /* 1 for all: round robin */
};

struct balance_port {
	enum spec_protocol protocol;
	struct in_addr host; /* INADDR_ANY: every local address */
	uint16_t published, target;
	const struct balance_backend *backends;
	size_t count; /* 0: connections are refused at once (reset, or ICMP) */
};

/** balance_new - @table: name of the nftables table ("carte"; tests take another). */
int balance_new(const char *table, struct balance **ret, struct oci_error *err);
void balance_free(struct balance *balance); /* the table stays */

/** balance_apply - these ports and no others, atomically; nothing is sent to the kernel when nothing has changed. */
int balance_apply(struct balance *balance, const struct balance_port *ports, size_t count,
		  struct oci_error *err);
/**
 * balance_verify - put the table back when another program has removed it (a firewall that flushes the whole ruleset). Costs 0.1 ms
 * when it is there: for every few seconds.
 */
int balance_verify(struct balance *balance, struct oci_error *err);
/**
 * balance_idle - nothing will change soon: give back the memory that is kept for speed (the library remembers every table of the
 * host, half a megabyte each). The table stays.
 */
void balance_idle(struct balance *balance);
/** balance_forget - conntrack entries of UDP flows (@tcp: of TCP too) that go to @address. */
int balance_forget(struct balance *balance, struct in_addr address, bool tcp,
		   struct oci_error *err);
/** balance_connections - of established TCP flows, how many go to each of @addresses. */
int balance_connections(struct balance *balance, const struct in_addr *addresses, unsigned *counts,
			size_t count, struct oci_error *err);
/** balance_remove - the table. */
int balance_remove(struct balance *balance, struct oci_error *err);

/** balance_port_check - nobody on the host listens on it. 0, -EADDRINUSE with words, or -EACCES. */
int balance_port_check(enum spec_protocol protocol, struct in_addr host, uint16_t port,
		       struct oci_error *err);
/** balance_port_choose - a free one of the ephemeral range. */
int balance_port_choose(enum spec_protocol protocol, struct in_addr host, uint16_t *ret,
			struct oci_error *err);

#endif
