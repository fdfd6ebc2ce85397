/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net_config.c - CNI 1.0.0 documents: what a plugin is given, what it answers.
 *
 * Addresses are host-local's. The default route is given by the first network that is not internal: plugins leave one that is there.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_gen.h>

#include "base/error.h"
#include "base/mem.h"
#include "scale/json.h"
#include "scale/net_parts.h"

/* ---- writing: yajl remembers a failure, and gives no text then */

static void put(yajl_gen gen, const char *text)
{
	(void)yajl_gen_string(gen, (const unsigned char *)text, strlen(text));
}

static void put_string(yajl_gen gen, const char *key, const char *value)
{
	put(gen, key);
	put(gen, value);
}

static void put_bool(yajl_gen gen, const char *key, bool value)
{
	put(gen, key);
	(void)yajl_gen_bool(gen, value);
}

static void put_address(yajl_gen gen, const char *key, uint32_t address)
{
	struct in_addr in = { .s_addr = htonl(address) };
	char text[INET_ADDRSTRLEN];

	put_string(gen, key, inet_ntop(AF_INET, &in, text, sizeof(text)));
}

static void put_range(yajl_gen gen, const struct net_network *network, uint32_t first,
		      uint32_t last)
{
	char address[INET_ADDRSTRLEN], subnet[INET_ADDRSTRLEN + 4];

	(void)snprintf(subnet, sizeof(subnet), "%s/%u",
		       inet_ntop(AF_INET, &network->subnet, address, sizeof(address)),
		       network->prefix);
	(void)yajl_gen_map_open(gen);
	put_string(gen, "subnet", subnet);
	put_address(gen, "gateway", ntohl(network->gateway.s_addr));
	put_address(gen, "rangeStart", first);
	put_address(gen, "rangeEnd", last);
	(void)yajl_gen_map_close(gen);
}

static int address_order(const void *a, const void *b)
{
	uint32_t one = ntohl(((const struct in_addr *)a)->s_addr);
	uint32_t other = ntohl(((const struct in_addr *)b)->s_addr);

	return one < other ? -1 : one > other;
}

/* The range, in as many pieces as it takes to leave out what is fixed for others. */
static int put_ranges(yajl_gen gen, const struct net_network *network, bool fixed,
		      const struct in_addr *reserved, size_t count)
{
	struct net_subnet all = net_subnet_of(network->subnet, network->prefix);
	struct net_subnet range = net_subnet_of(network->range, network->range_prefix);
	CLEANUP_FREE struct in_addr *sorted = calloc(count + 1, sizeof(*sorted));
	uint32_t from = range.first > all.first ? range.first : all.first + 1;
	uint32_t to = range.last < all.last ? range.last : all.last - 1;

	if (!sorted)
		return -ENOMEM;
	if (count > 0)
		memcpy(sorted, reserved, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), address_order);
	if (fixed) {
		from = all.first + 1;
		to = all.last - 1;
		count = 0;
	}
	for (size_t i = 0; i < count; i++) {
		uint32_t hole = ntohl(sorted[i].s_addr);

		if (hole < from || hole > to)
			continue;
		if (hole > from)
			put_range(gen, network, from, hole - 1);
		from = hole + 1;
	}
	if (from <= to)
		put_range(gen, network, from, to);
	return 0;
}

static int put_ipam(yajl_gen gen, const struct net *net, const struct net_network *network,
		    bool fixed, const struct in_addr *reserved, size_t count)
{
	CLEANUP_FREE char *data = NULL;
	int r;

	if (asprintf(&data, "%s/cni", net->state_dir) < 0)
		return -ENOMEM;
	put(gen, "ipam");
	(void)yajl_gen_map_open(gen);
	put_string(gen, "type", "host-local");
	put_string(gen, "dataDir", data);
	put(gen, "ranges");
	(void)yajl_gen_array_open(gen);
	(void)yajl_gen_array_open(gen);
	r = put_ranges(gen, network, fixed, reserved, count);
	(void)yajl_gen_array_close(gen);
	(void)yajl_gen_array_close(gen);
	if (!network->internal) {
		put(gen, "routes");
		(void)yajl_gen_array_open(gen);
		(void)yajl_gen_map_open(gen);
		put_string(gen, "dst", "0.0.0.0/0");
		(void)yajl_gen_map_close(gen);
		(void)yajl_gen_array_close(gen);
	}
	(void)yajl_gen_map_close(gen);
	return r;
}

/* Masquerade is net_filter.c's. Hairpin: a replica may be sent back to itself by its own published port. */
static void put_driver(yajl_gen gen, const struct net_network *network)
{
	put_string(gen, "type", network->driver);
	if (network->bridge[0]) {
		put_string(gen, "bridge", network->bridge);
		put_bool(gen, "isGateway", true);
		put_bool(gen, "ipMasq", false);
		put_bool(gen, "hairpinMode", true);
		put_bool(gen, "promiscMode", false);
	}
	if (network->parent[0])
		put_string(gen, "master", network->parent);
	if (network->mode[0])
		put_string(gen, "mode", network->mode);
	if (network->mtu) {
		put(gen, "mtu");
		(void)yajl_gen_integer(gen, network->mtu);
	}
}

static void put_fixed(yajl_gen gen, const char *address)
{
	put(gen, "capabilities");
	(void)yajl_gen_map_open(gen);
	put_bool(gen, "ips", true);
	(void)yajl_gen_map_close(gen);
	put(gen, "runtimeConfig");
	(void)yajl_gen_map_open(gen);
	put(gen, "ips");
	(void)yajl_gen_array_open(gen);
	put(gen, address);
	(void)yajl_gen_array_close(gen);
	(void)yajl_gen_map_close(gen);
}

int net_config_text(const struct net *net, const struct net_network *network, const char *fixed,
		    const struct in_addr *reserved, size_t reserved_count, char **ret,
		    struct oci_error *err)
{
	yajl_gen gen = yajl_gen_alloc(NULL);
	const unsigned char *text;
	size_t length;
	int r;

	if (!gen)
		return err_nomem(err);
	(void)yajl_gen_map_open(gen);
	put_string(gen, "cniVersion", "1.0.0");
	put_string(gen, "name", network->name);
	put_driver(gen, network);
	if (fixed)
		put_fixed(gen, fixed);
	r = put_ipam(gen, net, network, fixed != NULL, reserved, reserved_count);
	(void)yajl_gen_map_close(gen);
	if (r == 0 && yajl_gen_get_buf(gen, &text, &length) == yajl_gen_status_ok)
		*ret = strndup((const char *)text, length);
	else
		*ret = NULL;
	yajl_gen_free(gen);
	return *ret ? 0 : err_nomem(err);
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static const char *string_at(yajl_val tree, const char *key)
{
	return YAJL_GET_STRING(json_member(tree, key));
}

int net_config_read(const char *text, char type[32], char network[NET_NAME_SIZE])
{
	CLEANUP_TREE yajl_val tree = yajl_tree_parse(text, NULL, 0);
	const char *plugin = string_at(tree, "type");
	const char *name = string_at(tree, "name");

	if (!plugin || !name || strchr(plugin, '/') || !net_name_check(plugin) ||
	    strlen(plugin) >= 32 || !net_name_check(name))
		return -EINVAL;
	strcpy(type, plugin);
	strcpy(network, name);
	return 0;
}

int net_result_read(const char *text, struct net_place *place)
{
	CLEANUP_TREE yajl_val tree = yajl_tree_parse(text, NULL, 0);
	yajl_val ips = json_member(tree, "ips");

	for (size_t i = 0; YAJL_IS_ARRAY(ips) && i < ips->u.array.len; i++) {
		yajl_val ip = ips->u.array.values[i];
		const char *address = string_at(ip, "address"), *gateway = string_at(ip, "gateway");

		if (!address || net_subnet_parse(address, &place->address, &place->prefix) < 0)
			continue;
		place->gateway.s_addr = 0;
		if (gateway)
			(void)inet_pton(AF_INET, gateway, &place->gateway);
		return 0;
	}
	return -EINVAL;
}

void net_plugin_error(const char *out, int status, char *buf, size_t size)
{
	CLEANUP_TREE yajl_val tree = yajl_tree_parse(out, NULL, 0);
	const char *message = string_at(tree, "msg");
	const char *details = string_at(tree, "details");

	if (!message)
		(void)snprintf(buf, size, "exit status %d", status);
	else if (details && *details)
		(void)snprintf(buf, size, "%s (%s)", message, details);
	else
		(void)snprintf(buf, size, "%s", message);
	buf[strcspn(buf, "\n")] = '\0';
}
