/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net_subnet.c - which addresses a network may have.
 *
 * Without a subnet of its own a network gets 1022 addresses, as many as a bridge has ports (BR_MAX_PORTS). Where the search
 * begins depends on the name, so that a network that is made again has the same addresses.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/fnv.h"
#include "base/io.h"
#include "base/mem.h"
#include "scale/net_parts.h"

#define POOL_FIRST 0x0a590000u /* 10.89.0.0 */
#define POOL_END 0x0b000000u   /* 11.0.0.0, not part of it */
#define POOL_PREFIX 22
#define ROUTES_MAX 512

struct route {
	char interface[IFNAMSIZ];
	struct net_subnet subnet;
};

struct net_subnet net_subnet_of(struct in_addr address, unsigned prefix)
{
	uint32_t mask = prefix == 0 ? 0 : UINT32_MAX << (32 - prefix);
	uint32_t first = ntohl(address.s_addr) & mask;

	return (struct net_subnet){ .first = first, .last = first | ~mask };
}

static bool overlap(struct net_subnet a, struct net_subnet b)
{
	return a.first <= b.last && b.first <= a.last;
}

int net_subnet_parse(const char *text, struct in_addr *ret_address, unsigned *ret_prefix)
{
	const char *slash = strchr(text, '/');
	char address[INET_ADDRSTRLEN];
	uint32_t prefix;

	if (!slash || (size_t)(slash - text) >= sizeof(address))
		return -EINVAL;
	memcpy(address, text, (size_t)(slash - text));
	address[slash - text] = '\0';
	if (parse_u32(slash + 1, &prefix) < 0 || prefix > 32 ||
	    inet_pton(AF_INET, address, ret_address) != 1)
		return -EINVAL;
	*ret_prefix = prefix;
	return 0;
}

/* proc(5) /proc/net/route: Iface Destination Gateway Flags RefCnt Use Metric Mask, addresses as the kernel's words in hexadecimal */
static size_t routes_read(struct route *routes, size_t max)
{
	CLEANUP_FCLOSE FILE *file = fopen("/proc/thread-self/net/route", "re");
	char line[256];
	size_t n = 0;

	if (!file || !fgets(line, sizeof(line), file))
		return 0;
	while (n < max && fgets(line, sizeof(line), file)) {
		uint32_t to, mask;

		if (sscanf(line, "%15s %" SCNx32 " %*s %*s %*s %*s %*s %" SCNx32,
			   routes[n].interface, &to, &mask) != 3 ||
		    mask == 0) /* the default route leads everywhere */
			continue;
		routes[n].subnet.first = ntohl(to);
		routes[n].subnet.last = ntohl(to) | ~ntohl(mask);
		n++;
	}
	return n;
}

static const struct net_network *network_at(const struct net *net, struct net_subnet subnet,
					    const char *but)
{
	for (size_t i = 0; i < net->networks_len; i++) {
		const struct net_network *network = &net->networks[i];

		if (strcmp(network->name, but) != 0 &&
		    overlap(subnet, net_subnet_of(network->subnet, network->prefix)))
			return network;
	}
	return NULL;
}

static const struct route *route_at(const struct route *routes, size_t count,
				    struct net_subnet subnet, const char *but)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(routes[i].interface, but) != 0 && overlap(subnet, routes[i].subnet))
			return &routes[i];
	return NULL;
}

int net_subnet_choose(const struct net *net, const char *name, struct in_addr *ret,
		      unsigned *ret_prefix, struct oci_error *err)
{
	const uint32_t step = 1u << (32 - POOL_PREFIX), places = (POOL_END - POOL_FIRST) / step;
	uint32_t from = fnv_add(FNV_BEGIN, name, strlen(name)) % places;
	CLEANUP_FREE struct route *routes = calloc(ROUTES_MAX, sizeof(*routes));
	size_t count;

	if (!routes)
		return err_nomem(err);
	count = routes_read(routes, ROUTES_MAX);
	for (uint32_t i = 0; i < places; i++) {
		struct net_subnet subnet;

		subnet.first = POOL_FIRST + (from + i) % places * step;
		subnet.last = subnet.first + step - 1;
		if (network_at(net, subnet, name) || route_at(routes, count, subnet, ""))
			continue;
		ret->s_addr = htonl(subnet.first);
		*ret_prefix = POOL_PREFIX;
		return 0;
	}
	return err_set_as(
		err, ERR_RESOURCES, EADDRNOTAVAIL,
		"network '%s': no free subnet is left in 10.89.0.0-10.255.255.255: name one in "
		"ipam.config[0].subnet",
		name);
}

int net_subnet_check(const struct net *net, const struct net_network *network,
		     struct oci_error *err)
{
	struct net_subnet subnet = net_subnet_of(network->subnet, network->prefix);
	const struct net_network *other = network_at(net, subnet, network->name);
	CLEANUP_FREE struct route *routes = NULL;
	const struct route *route;

	if (other)
		return err_set_as(err, ERR_EXISTS, EEXIST,
				  "network '%s': its subnet overlaps with that of network '%s'",
				  network->name, other->name);
	if (strcmp(network->driver, "bridge") != 0)
		return 0; /* the parent's own network, as a rule */
	routes = calloc(ROUTES_MAX, sizeof(*routes));
	if (!routes)
		return err_nomem(err);
	route = route_at(routes, routes_read(routes, ROUTES_MAX), subnet, network->bridge);
	if (route)
		return err_set_as(
			err, ERR_EXISTS, EEXIST,
			"network '%s': its subnet overlaps with a route of the host's interface %s",
			network->name, route->interface);
	return 0;
}
