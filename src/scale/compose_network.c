/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compose_network.c - networks of a service, network_mode, and the project's networks.
 */
#include <arpa/inet.h>
#include <stdio.h>

#include "base/io.h"
#include "scale/compose-private.h"

static int read_ipv4(struct reader *reader, const struct at *at, void *slot, const struct row *row)
{
	struct in_addr address;
	int r = read_string(reader, at, slot, row);

	if (r == 0 && inet_pton(AF_INET, at->node->text, &address) != 1)
		return fail_expected(reader, at, "an IPv4 address");
	return r;
}

/* ADDRESS/BITS, where no bit behind BITS is set. */
static int read_subnet(struct reader *reader, const struct at *at, void *slot,
		       const struct row *row)
{
	const char *text, *slash;
	struct in_addr address;
	char part[INET_ADDRSTRLEN] = "";
	uint32_t bits = 0;
	int r = read_string(reader, at, &text, row);

	if (r < 0)
		return r;
	slash = strchr(text, '/');
	if (slash && (size_t)(slash - text) < sizeof(part))
		memcpy(part, text, (size_t)(slash - text));
	if (!slash || inet_pton(AF_INET, part, &address) != 1 || parse_u32(slash + 1, &bits) < 0 ||
	    bits < 1 || bits > 30)
		return fail_expected(reader, at, "an IPv4 subnet such as 10.1.0.0/24");
	if (ntohl(address.s_addr) & (UINT32_MAX >> bits))
		return fail_expected(reader, at, "a subnet, whose address ends in zero bits");
	*(const char **)slot = text;
	return 0;
}

static const struct row use_rows[] = {
	ROW("ipv4_address", read_ipv4, offsetof(struct spec_network_use, ipv4)),
	ROW("aliases", read_unique, offsetof(struct spec_network_use, aliases)),
	REFUSED("ipv6_address", "networks are IPv4"),
	REFUSED("link_local_ips", "give an ipv4_address"),
	REFUSED("mac_address", "the network chooses it"),
	REFUSED("driver_opts", "give them to the network"),
	REFUSED("interface_name", "interfaces are eth0, eth1 and so on"),
	REFUSED("gw_priority", "the first network has the default route"),
	IGNORED("priority"),
	ROWS_END
};

static int add_use(struct reader *reader, struct spec_service *service,
		   const struct spec_network_use *use)
{
	struct spec_network_use *more;

	for (size_t i = 0; i < service->networks_len; i++)
		if (strcmp(service->networks[i].network, use->network) == 0)
			return 0;
	more = array_more(reader->arena, service->networks, &service->networks_len, sizeof(*more));
	if (!more)
		return fail_nomem(reader);
	service->networks = more;
	more[service->networks_len - 1] = *use;
	return 0;
}

int read_service_networks(struct reader *reader, const struct at *at, void *slot,
			  const struct row *row)
{
	int r = 0;

	(void)row;
	if (at->node->kind != NODE_LIST && at->node->kind != NODE_MAP)
		return fail_expected(reader, at, "a list or a map of networks");
	for (size_t i = 0; r == 0 && i < at->node->len; i++) {
		struct spec_network_use use = { 0 };
		struct at item;

		if (at->node->kind == NODE_LIST) {
			item = at_index(at, i);
			r = read_string(reader, &item, &use.network, NULL);
		} else {
			item = at_key(at, &at->node->entries[i]);
			use.network = item.key;
			if (item.node->kind != NODE_NULL)
				r = read_map(reader, &item, use_rows, &use);
		}
		if (r == 0)
			r = add_use(reader, slot, &use);
	}
	return r;
}

int read_network_mode(struct reader *reader, const struct at *at, void *slot, const struct row *row)
{
	static const char expected[] =
		"bridge, host, none, service:NAME, container:NAME or ns:PATH";
	struct spec_service *service = slot;
	const char *text;
	int r = read_string(reader, at, &text, row);

	if (r < 0)
		return r;
	if (strcmp(text, "bridge") == 0 || strcmp(text, "default") == 0)
		service->network_mode = SPEC_NET_BRIDGE;
	else if (strcmp(text, "host") == 0)
		service->network_mode = SPEC_NET_HOST;
	else if (strcmp(text, "none") == 0)
		service->network_mode = SPEC_NET_NONE;
	else if ((strncmp(text, "service:", 8) == 0 && text[8]) ||
		 (strncmp(text, "container:", 10) == 0 && text[10]))
		service->network_mode = SPEC_NET_CONTAINER;
	else if (strncmp(text, "ns:/", 4) == 0)
		service->network_mode = SPEC_NET_PATH;
	else
		return fail_expected(reader, at, expected);
	if (service->network_mode == SPEC_NET_PATH)
		service->network_target = text + 3;
	else if (service->network_mode == SPEC_NET_CONTAINER)
		service->network_target = *text == 's' ? text : text + 10;
	return 0;
}

static const struct row pool_rows[] = {
	ROW("subnet", read_subnet, offsetof(struct spec_network, subnet)),
	ROW("gateway", read_ipv4, offsetof(struct spec_network, gateway)),
	ROW("ip_range", read_subnet, offsetof(struct spec_network, ip_range)),
	REFUSED("aux_addresses", "leave them out with ip_range"), ROWS_END
};

static int read_pools(struct reader *reader, const struct at *at, void *slot, const struct row *row)
{
	struct at item;
	int r = need_list(reader, at);

	(void)row;
	if (r < 0 || at->node->len == 0)
		return r;
	if (at->node->len > 1)
		return fail(reader, at, "a network has one subnet");
	item = at_index(at, 0);
	return read_map(reader, &item, pool_rows, slot);
}

static int read_ipam_driver(struct reader *reader, const struct at *at, void *slot,
			    const struct row *row)
{
	static const char *const words[] = { "default", NULL };
	int index;

	(void)slot;
	(void)row;
	return read_word(reader, at, words, &index);
}

static const struct row ipam_rows[] = {
	ROW("driver", read_ipam_driver, 0), ROW("config", read_pools, 0),
	REFUSED("options", "addresses are given out by CNI's host-local"), ROWS_END
};

static int read_driver(struct reader *reader, const struct at *at, void *slot,
		       const struct row *row)
{
	static const char *const words[] = { "bridge", "macvlan", "ipvlan", "host", "none", NULL };
	int index;
	int r;

	(void)row;
	if (at->node->kind == NODE_SCALAR && strcmp(at->node->text, "overlay") == 0)
		return fail(reader, at, "driver overlay spans hosts and carte has one; use bridge");
	r = read_word(reader, at, words, &index);
	if (r == 0)
		*(const char **)slot = words[index];
	return r;
}

static int read_no_ipv6(struct reader *reader, const struct at *at, void *slot,
			const struct row *row)
{
	bool wanted = false;
	int r = read_bool(reader, at, &wanted, row);

	(void)slot;
	return r == 0 && wanted ? fail(reader, at, "networks are IPv4") : r;
}

static const struct row network_rows[] = {
	ROW("name", read_string, offsetof(struct spec_network, name)),
	ROW("driver", read_driver, offsetof(struct spec_network, driver)),
	ROW("driver_opts", read_labels, offsetof(struct spec_network, options)),
	ROW("external", read_bool, offsetof(struct spec_network, external)),
	ROW("internal", read_bool, offsetof(struct spec_network, internal)),
	ROW("ipam", read_rows, 0, .rows = ipam_rows),
	IGNORED("attachable"),
	ROW("enable_ipv6", read_no_ipv6, 0),
	IGNORED("enable_ipv4"),
	IGNORED("labels"),
	ROWS_END
};

static uint32_t address_of(const char *text, uint32_t *ret_mask)
{
	char part[INET_ADDRSTRLEN] = "";
	size_t n = strcspn(text, "/");
	struct in_addr address = { 0 };
	uint32_t bits = 32;

	memcpy(part, text, n < sizeof(part) ? n : sizeof(part) - 1);
	(void)inet_pton(AF_INET, part, &address);
	if (text[n])
		(void)parse_u32(text + n + 1, &bits);
	*ret_mask = bits ? UINT32_MAX << (32 - bits) : 0;
	return ntohl(address.s_addr);
}

bool is_in_subnet(const char *inner, const char *subnet)
{
	uint32_t inner_mask, mask;
	uint32_t a = address_of(inner, &inner_mask), b = address_of(subnet, &mask);

	return (a & mask) == b && inner_mask >= mask;
}

static int check_network(struct reader *reader, const struct at *at,
			 const struct spec_network *network)
{
	if ((network->gateway || network->ip_range) && !network->subnet)
		return fail(reader, at, "%s without subnet",
			    network->gateway ? "gateway" : "ip_range");
	if (network->gateway && !is_in_subnet(network->gateway, network->subnet))
		return fail(reader, at, "gateway %s is not in %s", network->gateway,
			    network->subnet);
	if (network->ip_range && !is_in_subnet(network->ip_range, network->subnet))
		return fail(reader, at, "ip_range %s is not in %s", network->ip_range,
			    network->subnet);
	if (network->external &&
	    (network->driver || network->subnet || network->internal || network->options.len))
		return fail(reader, at, "an external network takes a name and nothing else");
	return 0;
}

static int read_network(struct reader *reader, const struct at *at)
{
	struct spec_project *project = reader->project;
	struct spec_network from = { .key = at->key }, *more;
	int r = at->node->kind == NODE_NULL ? 0 : read_map(reader, at, network_rows, &from);

	if (r == 0)
		r = check_network(reader, at, &from);
	if (r < 0)
		return r;
	if (!from.name)
		from.name = from.external ? at->key
					  : oci_arena_printf(reader->arena, "%s_%s", project->name,
							     at->key);
	more = array_more(reader->arena, project->networks, &project->networks_len, sizeof(*more));
	if (!from.name || !more)
		return fail_nomem(reader);
	project->networks = more;
	more[project->networks_len - 1] = from;
	return 0;
}

int read_networks(struct reader *reader, const struct at *at, void *slot, const struct row *row)
{
	int r = at->node->kind == NODE_NULL ? 0 : need_map(reader, at);

	(void)slot;
	(void)row;
	for (size_t i = 0; r == 0 && at->node->kind == NODE_MAP && i < at->node->len; i++) {
		struct at item = at_key(at, &at->node->entries[i]);

		if (strncmp(item.key, "x-", 2) != 0)
			r = read_network(reader, &item);
	}
	return r;
}
